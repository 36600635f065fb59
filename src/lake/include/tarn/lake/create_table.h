#pragma once

// CREATE TABLE [AS], and statements of SQL that change tables.

#include <map>
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

// Runs a statement that parse_table_statement() took apart, but for DROP, which is the flows'
// matter too. `engine`: whose tables it may name. Errors: of the operation; kUnsupported.
Result<ChangeOutcome> run_statement(Lake& lake, sql::Engine& engine,
                                    const sql::TableStatement& statement);
// What people are told, for a page or a program: table, version, committed, counts, and text:
// "silver.orders: 3 rows deleted, version 7"; "silver.orders: nothing to change, version 6".
nlohmann::ordered_json outcome_json(const sql::TableStatement& statement,
                                    const ChangeOutcome& outcome);

}  // namespace tarn::lake
