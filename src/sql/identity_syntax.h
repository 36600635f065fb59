#pragma once

// Identity columns in CREATE TABLE: GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY
// [(START WITH n INCREMENT BY n)], which DuckDB's parser refuses.

#include <duckdb/parser/parsed_expression.hpp>

#include "tarn/delta/schema.h"
#include "tarn/sql/words.h"

namespace tarn::sql {

// Puts a default in their place, which calls a function that does not exist. Throws duckdb's
// exceptions.
void replace_identities(Words& words);
// Whether a column's default is one of those; then the field gets what Delta says of identity
// columns. Throws duckdb's exceptions (a type other than BIGINT).
bool take_identity(const duckdb::ParsedExpression& value, delta::Field& field);

}  // namespace tarn::sql
