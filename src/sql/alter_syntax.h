#pragma once

// ALTER TABLE of columns, of what is in them, of clustering and of constraints, and COMMENT ON, of
// which DuckDB's grammar has the half. As Spark's SQL and DuckDB's have them:
//
//   ALTER TABLE [IF EXISTS] t
//       ADD [COLUMN] [IF NOT EXISTS] path type [COMMENT 'text'] [FIRST | AFTER name]
//       DROP [COLUMN] [IF EXISTS] path
//       RENAME [COLUMN] path TO name
//       ALTER | CHANGE [COLUMN] path
//           [SET DATA] TYPE type | SET NOT NULL | DROP NOT NULL | FIRST | AFTER name
//           | COMMENT 'text'
//       CLUSTER BY (path [, path]…) | CLUSTER BY NONE
//       ADD CONSTRAINT name CHECK (condition)
//       DROP CONSTRAINT [IF EXISTS] name
//   COMMENT ON TABLE t | COLUMN t.path IS 'text' | NULL
//
//   path := name [.name]…      (tarn/delta/field_path.h)

#include <functional>
#include <optional>
#include <string>

#include "tarn/sql/table_statement.h"
#include "tarn/sql/words.h"

namespace tarn::sql {

// `type_of`: the type that a text names; it throws. Nothing if the statement is another one. Throws
// duckdb::Exception: it is one of these, and wrong.
std::optional<TableStatement> alter_statement(
    const std::string& text, const std::function<delta::DataType(const std::string&)>& type_of);

// The columns in brackets that open at `at`, and `at` behind them. Throws as above.
std::vector<delta::FieldPath> column_paths(const Words& words, size_t& at);

}  // namespace tarn::sql
