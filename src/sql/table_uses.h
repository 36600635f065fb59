#pragma once

// Which tables a query names. Private to the module.

#include <string>

#include "duck.h"

namespace duckdb {
class SelectStatement;
}  // namespace duckdb

namespace tarn::sql {

// Whether a query may read this table: by its name, an older version of it too, or by a table
// function whose arguments hold the name or are no constants. A text or a column of the name is no
// use of the table.
bool may_read_table(duckdb::SelectStatement& query, const std::string& schema,
                    const std::string& table);

}  // namespace tarn::sql
