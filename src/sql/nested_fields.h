#pragma once

// Fields of structs in a file's nested columns, brought into the form that the table's column has.

#include <duckdb/common/multi_file/multi_file_data.hpp>
#include <duckdb/planner/expression.hpp>

namespace tarn::sql {

// In place of remap_struct(), which DuckDB puts where the fields of a file's column are not those
// of the table's (by name, order or number), the same by our own hand: within lists and maps that
// of DuckDB 1.5.6 writes beyond its memory, and takes lists that are NULL for elements that are.
// `column`: resolved, so that its fields' identifiers are names in the file.
duckdb::unique_ptr<duckdb::Expression> with_own_fields(
    duckdb::unique_ptr<duckdb::Expression> expression,
    const duckdb::MultiFileColumnDefinition& column);

}  // namespace tarn::sql
