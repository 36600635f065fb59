#pragma once

// What a table asks of each row beside types and NOT NULL (rules.cpp): kept by statements, whose
// rows are SQL. Flows do not append to tables that ask for it (check_rules).

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "identity.h"
#include "tarn/base/result.h"
#include "tarn/delta/snapshot.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/engine.h"

namespace tarn::lake {

struct RowRules {
    struct Check {
        std::string name, text, sql;  // as the table has it; as DuckDB's
    };
    std::vector<Check> checks;
    std::map<std::string, std::string> generated;  // expressions by column
    std::map<std::string, std::string> defaults;
    std::map<std::string, Identity> identities;

    bool any() const { return !checks.empty() || !generated.empty(); }
    // What a column gets that a statement leaves out: its default or NULL.
    std::string left_out(const std::string& column) const;
    // A SELECT of whole rows, kept to the rules: generated columns are worked out, those in `given`
    // must be what they would be, and a row for which a CHECK is not true is an error.
    std::string kept(const delta::Snapshot& table, const std::string& select,
                     const std::vector<std::string>& given, sql::Beside beside) const;
};

// Errors: kUnsupported, naming what Tarn does not keep (an expression, an invariant).
Result<RowRules> row_rules(sql::Engine& engine, const delta::Snapshot& table);

}  // namespace tarn::lake
