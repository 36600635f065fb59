#include "row_rules.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lake_impl.h"
#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/portable_expression.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {
namespace {

using sql::quoted_name;

constexpr const char* kOwnColumns[] = {
    sql::kFileColumn,       sql::kRowColumn,    sql::kRowIdColumn,      sql::kRowVersionColumn,
    sql::kFileNumberColumn, sql::kFileIdColumn, sql::kFileVersionColumn};
constexpr std::string_view kConstraint = "delta.constraints.";

std::unexpected<Error> not_kept(std::string_view what, const Error& why) {
    return fail(errors::kTableFeature,
                fmt::format("this version of Tarn does not keep {}: {}", what, why.message()));
}

// A text of a field's metadata; nothing if it is not there.
std::optional<std::string> text_of(const delta::Field& field, const char* key) {
    if (field.metadata.find(key) == std::string::npos) return std::nullopt;
    const auto all = nlohmann::json::parse(field.metadata, nullptr, false);
    const auto at = all.find(key);
    if (at == all.end() || !at->is_string()) return std::nullopt;
    return at->get<std::string>();
}

// What no statement keeps, and what is kept of columns alone and may not stand deeper.
Status check_kept(const delta::Schema& schema) {
    auto asked = asked_of(schema.fields, {"delta.invariants"});
    for (const auto& field : schema.fields)
        if (asked.empty())
            asked = asked_of(field.type.fields, {"delta.generationExpression", "CURRENT_DEFAULT",
                                                 "delta.identity.start"});
    if (asked.empty()) return {};
    return fail(errors::kTableFeature, "this version of Tarn does not keep " + asked);
}

bool named(const std::vector<std::string>& names, const std::string& column) {
    return std::ranges::any_of(names,
                               [&](const auto& name) { return same_but_case(name, column); });
}

}  // namespace

std::string RowRules::left_out(const std::string& column) const {
    const auto at = defaults.find(column);
    return at == defaults.end() ? "NULL" : "(" + at->second + ")";
}

std::string RowRules::kept(const delta::Snapshot& table, const std::string& select,
                           const std::vector<std::string>& given, sql::Beside beside) const {
    auto rows = select;
    if (!generated.empty()) {
        // Of the values as the table has them; what is required is asked afterwards.
        auto relaxed = table;
        auto schema = *table.schema;
        for (auto& field : schema.fields)
            field.nullable = true;
        relaxed.schema = std::make_shared<const delta::Schema>(std::move(schema));
        std::string list;
        for (const auto& field : table.schema->fields) {
            const auto name = quoted_name(field.name);
            auto value = name;
            if (const auto at = generated.find(field.name); at != generated.end()) {
                value = "(" + at->second + ")";
                if (named(given, field.name))
                    value = fmt::format(
                        "CASE WHEN {0} IS NOT DISTINCT FROM {1} THEN {0} ELSE {2} END", name, value,
                        sql::refuse_row(
                            fmt::format("column {} is generated as {}: another value came "
                                        "for it",
                                        field.name, at->second)));
            }
            list += fmt::format("{}{} AS {}", list.empty() ? "" : ", ", value, name);
        }
        if (beside == sql::Beside::kRowIds)
            for (const char* name : {sql::kRowIdColumn, sql::kRowVersionColumn})
                list += ", " + quoted_name(name);
        rows = fmt::format("SELECT {} FROM ({})", list, sql::typed_select(relaxed, rows, beside));
    }
    rows = sql::typed_select(table, rows, beside);
    for (const auto& check : checks)
        rows = fmt::format(
            "SELECT * FROM ({}) WHERE CASE WHEN ({}) THEN true ELSE {} END", rows, check.sql,
            sql::refuse_row(fmt::format("a row that comes does not hold to CHECK {}: {}",
                                        check.name, check.text)));
    return rows;
}

Result<RowRules> row_rules(sql::Engine& engine, const delta::Snapshot& table) {
    RowRules out;
    for (const auto& [key, value] : table.metadata->configuration) {
        if (!key.starts_with(kConstraint) || !value) continue;
        auto expression = sql::portable_expression(engine, *value, *table.schema);
        if (!expression)
            return not_kept(fmt::format("the constraint {}", *value), expression.error());
        out.checks.push_back({key.substr(kConstraint.size()), *value, std::move(*expression)});
    }
    TARN_RETURN_IF_ERROR(check_kept(*table.schema));
    for (const auto& field : table.schema->fields) {
        if (std::ranges::any_of(kOwnColumns,
                                [&](const char* own) { return same_but_case(field.name, own); }))
            return fail(
                errors::kTableFeature,
                "this version of Tarn has a use of its own for the name of column " + field.name);
        TARN_TRY(const auto identity, identity_of(field));
        if (identity) out.identities.emplace(field.name, *identity);
        if (const auto text = text_of(field, "delta.generationExpression")) {
            auto expression = sql::portable_expression(engine, *text, *table.schema);
            if (!expression)
                return not_kept(fmt::format("column {} generated as {}", field.name, *text),
                                expression.error());
            out.generated.emplace(field.name, std::move(*expression));
        }
        if (const auto text = text_of(field, "CURRENT_DEFAULT")) {
            auto expression = sql::portable_expression(engine, *text, {});
            if (!expression)
                return not_kept(fmt::format("the default {} of column {}", *text, field.name),
                                expression.error());
            out.defaults.emplace(field.name, std::move(*expression));
        }
    }
    return out;
}

}  // namespace tarn::lake
