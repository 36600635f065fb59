#pragma once

// CREATE TABLE [AS], and statements of SQL that change tables.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tarn/delta/field_path.h"
#include "tarn/delta/schema.h"
#include "tarn/lake/change_rows.h"

namespace tarn::lake {

struct CreateRequest {
    std::string table;
    delta::Schema schema;  // none: the query's
    std::vector<std::string> partition_by;
    std::vector<delta::FieldPath> cluster_by;
    std::map<std::string, std::string> properties;
    std::vector<std::string> checks;  // conditions that each row holds to
    std::string description;
    std::string select;  // its first rows; empty: none
    bool or_replace = false, if_not_exists = false;
    sql::Engine* engine = nullptr;  // whose tables the query may name; null: the lake's
};

// EXPLAIN of a statement.
struct StatementPlan {
    std::string table, statement;    // "UPDATE"
    std::optional<int64_t> version;  // that it would read; nothing: the table is not there
    // Of the table, and those that it would open of them: at most as many for a MERGE, of which the
    // keys of the source may rule out more.
    uint64_t files = 0, bytes = 0, files_read = 0, bytes_read = 0;
    bool marks_rows = false;         // rows go by deletion vectors; else by copy on write
    std::vector<std::string> rules;  // that new rows are held to
    std::string plan;                // of what it reads, as EXPLAIN of a SELECT has it
    std::string text;                // all of it for people
};
nlohmann::ordered_json plan_json(const StatementPlan& plan);

// Runs a statement that parse_table_statement() took apart, but for DROP, which is the flows'
// matter too. `engine`: whose tables it may name. Errors: of the operation; kUnsupported.
Result<ChangeOutcome> run_statement(Lake& lake, sql::Engine& engine,
                                    const sql::TableStatement& statement);
// What people are told, for a page or a program: table, version, committed, counts, and text:
// "silver.orders: 3 rows deleted, version 7"; "silver.orders: nothing to change, version 6".
nlohmann::ordered_json outcome_json(const sql::TableStatement& statement,
                                    const ChangeOutcome& outcome);

}  // namespace tarn::lake
