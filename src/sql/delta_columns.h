#pragma once

// A table's columns as DuckDB's reader of many files finds them in each.

#include <duckdb/common/multi_file/multi_file_data.hpp>

#include "tarn/delta/schema.h"

namespace tarn::sql {

// identifier: field id (INTEGER) or the file's name of it (VARCHAR). Children only where fields
// must be matched.
duckdb::MultiFileColumnDefinition definition(const delta::Field& field,
                                             delta::ColumnMapping mapping);

// Resolves a column's identifier to the name it has in one file, so that DuckDB can map by name:
// field ids, legacy names of list elements and map entries.
void resolve(duckdb::MultiFileColumnDefinition& column,
             const duckdb::vector<duckdb::MultiFileColumnDefinition>& local, bool only_child);

}  // namespace tarn::sql
