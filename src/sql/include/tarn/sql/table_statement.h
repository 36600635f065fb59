#pragma once

// Statements that change tables, taken apart: what DuckDB's grammar has of INSERT, UPDATE, DELETE,
// MERGE, CREATE TABLE, ALTER TABLE and DROP TABLE. Who keeps the tables runs them.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/field_path.h"
#include "tarn/delta/schema.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

struct SetColumn {
    std::string column;  // of the table; of an insert by position empty
    std::string value;   // an expression
};

enum class MergeWhen { kMatched, kNotMatched, kNotMatchedBySource };
enum class MergeThen { kUpdate, kDelete, kInsert, kNothing };
struct MergeClause {
    MergeWhen when = MergeWhen::kMatched;
    MergeThen then = MergeThen::kUpdate;
    std::string condition;  // empty: always
    // Of updates and inserts. Columns that an insert does not name are NULL.
    std::vector<SetColumn> set;
    bool all = false;  // UPDATE *, INSERT *: each column from the source's of the same name
};

enum class AlterThen {
    kAddColumn,
    kDropColumn,
    kRenameColumn,
    kMoveColumn,
    kSetType,
    kSetRequired,
    kDropRequired,
    kSetComment,  // of a column, or of the table if none is named
    kSetProperties,
    kAddCheck,   // of this name and text
    kDropCheck,  // of this name
    kClusterBy,  // these columns; none: no longer
};
struct AlterStatement {
    AlterThen then = AlterThen::kAddColumn;
    delta::FieldPath column;  // or what is in one
    std::string name;         // the new one
    // kMoveColumn, and kAddColumn if it says where: behind this one of the same struct; empty: the
    // first.
    std::optional<std::string> after;
    delta::DataType type;
    std::string text;  // comment, also of a new column; condition
    std::vector<delta::FieldPath> cluster_by;
    bool if_exists = false, if_not_exists = false;
    std::vector<AlterStatement> more = {};  // kAddColumn: those that come in the same commit
};

struct TableStatement {
    enum class Kind { kInsert, kDelete, kUpdate, kMerge, kCreate, kAlter, kDrop };
    Kind kind = Kind::kInsert;
    std::string table;  // schema.table
    std::string alias;  // by which conditions and values name it
    // kInsert, and kCreate if it has one: a SELECT.
    std::string select;
    std::vector<std::string> columns;  // of kInsert; empty: all, by position
    bool by_name = false;              // kInsert
    bool reads_table = false;          // kInsert: the SELECT names a table of this name
    bool evolves = false;              // kInsert, kMerge: WITH SCHEMA EVOLUTION
    // kInsert: rows that go as these come.
    enum class Overwrite { kNothing, kAll, kPartitions, kWhere };
    Overwrite overwrite = Overwrite::kNothing;
    std::string where;           // kDelete, kUpdate; kInsert with kWhere
    std::vector<SetColumn> set;  // kUpdate
    // kMerge.
    std::string source, source_alias, on;
    std::vector<MergeClause> clauses;
    // kCreate.
    std::vector<delta::Field> created;  // with defaults and generated columns
    std::vector<std::string> checks;    // conditions
    std::vector<std::string> partition_by;
    std::vector<delta::FieldPath> cluster_by;
    // Also of an ALTER that sets them; an empty value takes one away.
    std::vector<std::pair<std::string, std::string>> properties;
    bool or_replace = false, if_not_exists = false;
    AlterStatement alter;
    bool if_exists = false;  // kDrop
};

// Nothing if the text is one statement of another kind (a SELECT). Beside DuckDB's grammar it takes
//   INSERT OVERWRITE [INTO] t …            all rows of t go
//   INSERT OVERWRITE PARTITIONS [INTO] t … those in the partitions of the new rows
//   INSERT INTO t REPLACE WHERE (p) …      those for which p holds; new rows must hold to it
//   INSERT | MERGE WITH SCHEMA EVOLUTION … the table gets the columns of the source that it lacks
//   CREATE TABLE … CLUSTER BY (a, b.c) …   before AS, if there is one
// and of ALTER TABLE and COMMENT ON what alter_syntax.h says.
// `restricted`: queries and expressions in it read nothing but the provider's tables, as untrusted
// SELECTs do. Errors: kSql (syntax), kSqlRefused, kUnsupported (a clause that tables have not, by
// name).
Result<std::optional<TableStatement>> parse_table_statement(Engine& engine, std::string_view text,
                                                            bool restricted);

}  // namespace tarn::sql
