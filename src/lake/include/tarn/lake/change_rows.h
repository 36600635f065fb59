#pragma once

// Changes of rows that stand: DELETE, UPDATE and MERGE. Conditions and values are SQL in DuckDB's
// dialect over the table's columns; results of each statement are one commit.
//
// A statement that meets a commit of others which it should have seen is run again on top of it, up
// to kMostAttempts times with pauses between: then kConflict.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tarn/lake/lake.h"
#include "tarn/sql/live_query.h"
#include "tarn/sql/table_statement.h"

namespace tarn::lake {

inline constexpr int kMostAttempts = 12;

struct ChangeRequest {
    std::string table;
    std::string alias = "t";        // of the table, in conditions and values
    sql::Engine* engine = nullptr;  // whose tables the SQL may name; null: the lake's
    // A statement whose transaction is in the table is not run. Errors then also: kConflict (a
    // newer one by someone else: fenced).
    std::optional<Txn> txn;
    std::map<std::string, std::string> user_metadata;
    // If not −1: the version that the table must still have. Errors then also: kUnavailable.
    int64_t at_version = -1;
    // INSERT by name and MERGE: columns that the source has and the table has not are added to it,
    // in the same commit; those that it has not are left as they are, or NULL in new rows.
    bool evolves = false;
    // Rows that the SQL reads as stream('name').
    struct Given {
        sql::StreamSchema schema;
        BatchList batches;
    };
    std::vector<Given> given = {};
};

using sql::MergeClause;
using sql::MergeThen;
using sql::MergeWhen;
using sql::SetColumn;

struct DeleteRequest : ChangeRequest {
    std::string where;  // empty: all rows. A row for which it is NULL stays
};
struct UpdateRequest : ChangeRequest {
    std::vector<SetColumn> set;
    std::string where;
};

using Overwrite = sql::TableStatement::Overwrite;
struct InsertRequest : ChangeRequest {
    std::string select;
    std::vector<std::string> columns;  // what the SELECT gives; empty: all of the table, in order
    bool by_name = false;              // the SELECT's columns have the table's names
    bool reads_table = true;           // false only if the SELECT does not read the table itself
    Overwrite overwrite = Overwrite::kNothing;
    std::string where;  // kWhere: rows for which it holds go, and all that come hold to it
};

// The first clause of its kind whose condition holds is taken for a row.
struct MergeRequest : ChangeRequest {
    std::string source;  // a SELECT
    std::string source_alias = "s";
    std::string on;
    std::vector<MergeClause> clauses;
};

struct ChangeOutcome {
    int64_t version = -1;    // of the table, after the commit if one was made
    bool committed = false;  // not if there was nothing to change, or the transaction was there
    bool duplicate = false;  // the transaction was there
    uint64_t deleted = 0, updated = 0, inserted = 0;
    uint64_t written = 0;  // rows in new files, but for those that stayed
    uint64_t files_added = 0, files_removed = 0, vectors_added = 0;
    int attempts = 1;
};

}  // namespace tarn::lake
