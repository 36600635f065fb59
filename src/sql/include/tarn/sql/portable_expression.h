#pragma once

// Expressions that a table keeps as text for all of its writers (CHECK constraints, generated
// columns, defaults: PROTOCOL.md "CHECK Constraints", "Generated Columns", "Default Columns"). The
// text is Spark's SQL; Tarn takes of it what means the same in DuckDB's, and refuses the rest by
// name.

#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/delta/schema.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// Such a text as DuckDB's SQL, with the columns of the schema by their names as they are spelt
// there. Taken are columns and fields of structs, constants, comparisons, AND, OR, NOT, IN,
// BETWEEN, IS [NOT] NULL, LIKE, CASE, +, -, *, CAST to DATE, lower, upper, length, trim, abs,
// coalesce, year, month, day, current_date and current_timestamp. Errors: kUnsupported (anything
// else, named), kInvalidArgument (no expression; no such column).
Result<std::string> portable_expression(Engine& engine, std::string_view text,
                                        const delta::Schema& schema);

}  // namespace tarn::sql
