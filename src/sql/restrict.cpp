// What untrusted SQL may do: one SELECT over the provider's tables, or EXPLAIN [ANALYZE] of it.
// Three fences, each by itself enough for most of it: the statement's type, the names of functions
// in the parsed text, and the scans of the bound plan.

#include <algorithm>

#include "duckdb/common/string_util.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/showref.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

#include "duck.h"
#include "tarn/sql/error_ids.h"
#include "trust.h"

namespace tarn::sql {

namespace {

// DuckDB's scalar and aggregate functions that read or change what is not a table: settings, the
// environment, logs, sequences, plans of SQL given as text, and raw aggregate states (a forged one
// crashes the process).
constexpr std::string_view kForbiddenFunctions[] = {
    "combine",
    "finalize",
    "current_setting",
    "getenv",
    "getvariable",
    "nextval",
    "currval",
    "write_log",
    "json_serialize_plan",
    "json_execute_serialized_sql",
    "parse_duckdb_log_message",
    "set_config",
    "pg_read_file",
    "sleep_ms",
    "sleep",
    "get_block_size",
    "current_query",
    "current_database_path",
    "txid_current",
    "pg_sleep",
    "test_all_types",
};

class Checker {
  public:
    explicit Checker(const Engine::Impl& engine) : engine_(engine) {}

    void node(duckdb::QueryNode& n) {
        duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
            n, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& e) { expression(*e); },
            [this](duckdb::TableRef& r) { ref(r); });
    }
    const std::string& refusal() const { return refusal_; }

  private:
    void refuse(std::string what) {
        if (refusal_.empty()) refusal_ = std::move(what);
    }
    void expression(duckdb::ParsedExpression& e) {
        if (e.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) {
            auto& f = e.Cast<duckdb::FunctionExpression>();
            auto name = duckdb::StringUtil::Lower(f.function_name);
            if (f.export_state) refuse("EXPORT_STATE");
            if (std::ranges::find(kForbiddenFunctions, name) != std::end(kForbiddenFunctions))
                refuse("the function " + name + "()");
            if (only_in_flows(name))
                refuse("the function " + name + "(), which is for the SQL of flows");
        }
        if (e.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
            auto& s = e.Cast<duckdb::SubqueryExpression>();
            if (s.subquery && s.subquery->node) node(*s.subquery->node);
        }
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            e, [this](duckdb::ParsedExpression& c) { expression(c); });
    }
    void ref(duckdb::TableRef& r) {
        if (r.type == duckdb::TableReferenceType::SHOW_REF) {
            auto& show = r.Cast<duckdb::ShowRef>();
            if (show.query) node(*show.query);
        }
        if (r.type != duckdb::TableReferenceType::TABLE_FUNCTION) return;
        auto& table = r.Cast<duckdb::TableFunctionRef>();
        if (table.subquery) node(*table.subquery->node);
        auto name = duckdb::StringUtil::Lower(
            table.function->Cast<duckdb::FunctionExpression>().function_name);
        if (may_read(name)) return;
        refuse("the table function " + name + "()");
    }
    bool only_in_flows(const std::string& name) const {
        const auto* function = engine_.function(name);
        return function && function->use == FunctionUse::kFlows;
    }
    bool may_read(const std::string& name) const {
        const bool by_path = name == kDeltaScanFunction || name == kDeltaChangesFunction;
        if (by_path && !engine_.options.allow_delta_scan) return false;
        const auto* function = engine_.function(name);
        return function && function->kind == FunctionKind::kTable &&
               function->use == FunctionUse::kAll;
    }

    const Engine::Impl& engine_;
    std::string refusal_;
};

// Table functions are this module's rows alone, so that the plan of any engine can be checked.
bool may_scan(const std::string& name) {
    return std::ranges::any_of(sql_functions(), [&](const SqlFunction& function) {
        return function.name == name && function.kind == FunctionKind::kTable &&
               function.use == FunctionUse::kAll;
    });
}

void check_scans(const duckdb::LogicalOperator& op) {
    if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
        auto& name = op.Cast<duckdb::LogicalGet>().function.name;
        if (name != kRowsFunction && name != kTailFunction && !may_scan(name))
            throw duckdb::PermissionException("not allowed here: reading %s", name);
    }
    for (auto& child : op.children)
        check_scans(*child);
}

}  // namespace

Status check_restricted(duckdb::ClientContext& context, const std::string& sql,
                        const Engine::Impl& engine) {
    duckdb::Parser parser(context.GetParserOptions());
    try {
        parser.ParseQuery(sql);
    } catch (const std::exception& e) {
        duckdb::ErrorData error(e);
        error.AddErrorLocation(sql);
        return fail(to_error(error));
    }
    if (parser.statements.empty()) return fail(errors::kSql, "there is no statement");
    if (parser.statements.size() > 1)
        return fail(errors::kSqlRefused, "not allowed here: more than one statement");
    const bool explains = parser.statements[0]->type == duckdb::StatementType::EXPLAIN_STATEMENT;
    auto& statement = explains ? *parser.statements[0]->Cast<duckdb::ExplainStatement>().stmt
                               : *parser.statements[0];
    if (statement.type != duckdb::StatementType::SELECT_STATEMENT)
        return fail(errors::kSqlRefused,
                    "not allowed here: " + duckdb::StatementTypeToString(statement.type) +
                        "; only SELECT is");
    Checker checker(engine);
    checker.node(*statement.Cast<duckdb::SelectStatement>().node);
    if (!checker.refusal().empty())
        return fail(errors::kSqlRefused, "not allowed here: " + checker.refusal());
    return {};
}

namespace {

constexpr const char* kTrustedKey = "tarn_trusted";
struct Trusted final : duckdb::ClientContextState {};

}  // namespace

void trust_connection(duckdb::Connection& connection) {
    connection.context->registered_state->GetOrCreate<Trusted>(kTrustedKey);
}

void register_plan_check(duckdb::DatabaseInstance& db) {
    duckdb::OptimizerExtension extension;
    extension.pre_optimize_function = [](duckdb::OptimizerExtensionInput& input,
                                         duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
        if (!input.context.registered_state->Get<Trusted>(kTrustedKey)) check_scans(*plan);
    };
    duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(db), extension);
}

}  // namespace tarn::sql
