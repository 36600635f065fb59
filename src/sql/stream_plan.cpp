#include "stream_plan.h"

#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/planner.hpp"

namespace tarn::sql {

Status add_streams(SessionState& state, std::span<const StreamSchema> streams) {
    for (auto& stream : streams) {
        auto feed = make_feed({stream.columns, {}});
        feed->ordered = true;
        if (!state.streams.emplace(stream.name, std::move(feed)).second)
            return fail(ErrorCode::kInvalidArgument, "two streams have the name " + stream.name);
    }
    return {};
}

duckdb::unique_ptr<duckdb::LogicalOperator> bind_plan(duckdb::ClientContext& context,
                                                      const std::string& sql,
                                                      duckdb::vector<std::string>& names,
                                                      duckdb::vector<duckdb::LogicalType>& types) {
    try {
        duckdb::Parser parser(context.GetParserOptions());
        parser.ParseQuery(sql);
        if (parser.statements.size() != 1 ||
            parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT)
            throw duckdb::InvalidInputException("a flow's SQL is one SELECT statement");
        duckdb::Planner planner(context);
        planner.CreatePlan(std::move(parser.statements[0]));
        names = planner.names;
        types = planner.types;
        return std::move(planner.plan);
    } catch (const std::exception& e) {
        duckdb::ErrorData error(e);
        error.AddErrorLocation(sql);
        error.Throw();
    }
}

static void find_unrepeatable(const duckdb::Expression& expression,
                              std::optional<std::string>& found) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION) {
        auto& function = expression.Cast<duckdb::BoundFunctionExpression>().function;
        if (function.GetStability() != duckdb::FunctionStability::CONSISTENT) found = function.name;
    }
    duckdb::ExpressionIterator::EnumerateChildren(
        expression, [&](const duckdb::Expression& child) { find_unrepeatable(child, found); });
}

std::optional<std::string> unrepeatable_function(duckdb::LogicalOperator& plan) {
    std::optional<std::string> found;
    duckdb::LogicalOperatorVisitor::EnumerateExpressions(
        plan, [&](duckdb::unique_ptr<duckdb::Expression>* e) { find_unrepeatable(**e, found); });
    for (auto& child : plan.children)
        if (!found) found = unrepeatable_function(*child);
    return found;
}

Error not_repeatable(const std::string& function) {
    return Error(ErrorId::kNotRepeatable,
                 "a flow runs its SQL again after a crash and must get the same rows, so it cannot "
                 "use the function " +
                     function + "()");
}

}  // namespace tarn::sql
