// What can go wrong with SQL. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/sql/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kModelSql{306, Code::kInvalidArgument,
    "A model's SQL is not right",
    "The SQL of a model does not parse, or names a column, type or function that is not there.",
    "The message has the place. Columns of `stream('topic')` are those of the topic in tarn.yml, "
    "with the types that stand there."};

extern constinit const ErrorId kStreamingSql{307, Code::kUnsupported,
    "This SQL cannot run as a stream",
    "A live model is kept up to date batch by batch, and this one has a part for which Tarn has "
    "no way to do that.",
    "The message names the part and what is possible instead. Over a table, plain `tarn sql` has "
    "all of SQL."};

extern constinit const ErrorId kNotRepeatable{308, Code::kUnsupported,
    "The SQL gives another result each time",
    "After a crash a flow runs its last batches again and must get the same rows; a function such "
    "as random() or now() would not.",
    "Use a column of the event instead (its time, its id)."};

extern constinit const ErrorId kSql{801, Code::kInvalidArgument,
    "The SQL is not right",
    "The statement does not parse, or its types do not fit.",
    "The message has the place. The dialect is DuckDB's."};

extern constinit const ErrorId kSqlRefused{802, Code::kUnsupported,
    "This SQL is not allowed here",
    "SQL from outside is one SELECT over tables and views: no other statement, no files, network "
    "or settings, no second statement.",
    "Ask with a SELECT. Topics, flows and settings have commands of their own: `tarn --help`."};

extern constinit const ErrorId kSqlTimeout{803, Code::kCancelled,
    "The query took too long",
    "It ran into its time limit and was stopped.",
    "Ask for less (a filter on `_ingested_at` or a partition column helps most), or give more "
    "time. A running Tarn has a limit of its own; without one, `tarn sql --timeout 5m` reads the "
    "folder by itself."};

extern constinit const ErrorId kSqlCancelled{804, Code::kCancelled,
    "The query was cancelled",
    "Somebody stopped it, or its connection closed.",
    "Run it again."};

extern constinit const ErrorId kSqlMemory{806, Code::kResourceExhausted,
    "The query needs too much memory",
    "It went over `sql.memory` although it spilled to disk what it could.",
    "Ask for less at once, or raise `sql.memory` and `--memory`."};

extern constinit const ErrorId kSqlUnknownName{807, Code::kInvalidArgument,
    "The SQL names something that is not there",
    "A table, view, column or function of the statement is not known.",
    "The message proposes the nearest name. `tarn table list` shows tables, `tarn sql \"describe "
    "bronze.clicks\"` columns where DESCRIBE is allowed, `tarn table describe NAME` everywhere."};

extern constinit const ErrorId kSqlEngineFailed{808, Code::kUnavailable,
    "The SQL engine has failed",
    "An internal error of the engine for users' SQL. The log, the flows and the tables go on: "
    "they have engines of their own.",
    "Restart Tarn; the log says what happened."};

extern constinit const ErrorId kSqlParameters{809, Code::kInvalidArgument,
    "The parameters are not those of the SQL",
    "A statement that has `$1` or `$name` needs a value for each of them, and no other ones.",
    "Send as many values as the statement has: an array for `$1`, `$2`, …, an object for names."};

extern constinit const ErrorId kSqlValue{810, Code::kInvalidArgument,
    "A value does not fit the SQL",
    "A model's SQL met a value that one of its expressions refuses: text that is no number in a "
    "cast, a number that its column cannot hold. The row is left out, with this message, and the "
    "others go on.",
    "The rows stand in the model's quarantine table, late table or late topic, if it has one, and "
    "in its source. Use try_cast, or a CASE that gives `_rejected` a reason of your own."};

extern constinit const ErrorId kSqlRow{811, Code::kInvalidArgument,
    "A row is not one that its table takes",
    "A statement made a row that a column's NOT NULL, a CHECK constraint or a generated column of "
    "the table does not allow, that does not fit the condition of REPLACE WHERE, or whose time "
    "lies outside of the years 1 to 9999. Nothing was changed.",
    "Leave such rows out with WHERE, or change what the table asks (ALTER TABLE … DROP CONSTRAINT, "
    "ALTER COLUMN … DROP NOT NULL)."};

extern constinit const ErrorId kResultType{815, Code::kUnsupported,
    "The SQL gives a type that no column can have",
    "Tables keep every type of Delta's and take what has a stated conversion (docs/types.md). A "
    "UNION, a VARIANT, a GEOMETRY, or a struct whose fields have no names is neither.",
    "Cast the column to a type of the table in docs/types.md, such as VARCHAR."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kModelSql,       &kStreamingSql,    &kNotRepeatable, &kSql,
    &kSqlRefused,     &kSqlTimeout,      &kSqlCancelled,  &kSqlMemory,
    &kSqlUnknownName, &kSqlEngineFailed, &kSqlParameters, &kSqlValue,
    &kSqlRow,         &kResultType,
};

}  // namespace tarn::errors

namespace tarn::sql {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::sql
