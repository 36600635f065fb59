#pragma once

// Where tables come from that SQL names and DuckDB does not have: lake tables, topics, materialized
// views, system tables. Declared here, filled in by `cli`.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/sql/table_tail.h"

namespace tarn::sql {

// Read with the native Delta scan. version -1: the newest, and its tail where there is one and the
// engine reads tails.
struct DeltaTableRef {
    std::string path;
    int64_t version = -1;
    std::shared_ptr<const TableTail> tail = {};
};
// Rows in memory: system.runs, the newest records of a topic.
struct RowsRef {
    std::vector<codec::ColumnSpec> schema;
    std::vector<std::shared_ptr<const codec::ColumnBatch>> batches;
};
// Instants: from inclusive, to exclusive.
struct TimeBounds {
    std::optional<Timestamp> from = {}, to = {};
};
// Rows that are read when a query runs, and of these only what its filters leave of one column: a
// materialized view, which is ordered by its window.
struct ScanRef {
    std::vector<codec::ColumnSpec> schema;
    int bounded = -1;   // a TIMESTAMPTZ column of the schema; -1: none
    uint64_t rows = 0;  // estimate
    // Rows with an instant of the bounded column within the bounds, or more; those with NULL may
    // be left out if there is a bound. Called from any thread.
    std::function<Result<std::shared_ptr<const codec::ColumnBatch>>(const TimeBounds&)> scan;
};
using TableRef = std::variant<DeltaTableRef, RowsRef, ScanRef>;

// Thread-safe.
class TableProvider {
  public:
    virtual ~TableProvider() = default;
    // Nothing if there is no such table.
    virtual Result<std::optional<TableRef>> resolve(std::string_view schema,
                                                    std::string_view table) = 0;
    // "schema.table" of everything that resolve knows, sorted: for messages and completion.
    virtual std::vector<std::string> names() = 0;
};

}  // namespace tarn::sql
