#pragma once

// What AskedRows keeps: the filters of each scan of the files, as they stood when it ran.

#include <duckdb/planner/table_filter.hpp>

#include "delta_file_list.h"
#include "tarn/sql/delta_files.h"

namespace tarn::sql {

struct AskedRows::Impl {
    struct Scan {
        std::shared_ptr<const ScanState> state;
        duckdb::vector<std::string> names;
        duckdb::vector<duckdb::LogicalType> types;
        bool everything = false;  // it ran without filters
        bool ran = false;
        struct Run {
            duckdb::vector<duckdb::column_t> column_ids;
            duckdb::TableFilterSet filters;
        };
        std::vector<Run> runs = {};
    };
    std::vector<Scan> scans;  // that were planned
};

// A filter that outlives its query, and takes every row that `filter` takes: what is known of it as
// it stands. Null: every row.
duckdb::unique_ptr<duckdb::TableFilter> as_it_stands(const duckdb::TableFilter& filter);

}  // namespace tarn::sql
