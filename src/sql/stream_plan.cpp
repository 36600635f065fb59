#include "stream_plan.h"

#include <set>

#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/planner.hpp"

namespace tarn::errors {
extern const ErrorId kNotRepeatable;
}  // namespace tarn::errors

namespace tarn::sql {

Status add_streams(SessionState& state, std::span<const StreamSchema> streams) {
    for (auto& stream : streams) {
        auto feed = make_feed(RowsRef{stream.columns, {}});
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

void find_stream_columns(const duckdb::LogicalOperator& plan,
                         std::map<std::string, std::vector<std::string>>& out) {
    if (plan.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
        auto& get = plan.Cast<duckdb::LogicalGet>();
        if (get.function.name == kStreamFunction) {
            std::set<duckdb::idx_t> read;
            for (auto& column : get.GetColumnIds())
                if (!duckdb::IsVirtualColumn(column.GetPrimaryIndex()))
                    read.insert(column.GetPrimaryIndex());
            auto& columns = out[get.parameters.at(0).ToString()];
            std::set<std::string> names(columns.begin(), columns.end());
            for (auto at : read)
                names.insert(get.names.at(at));
            columns.clear();
            for (auto& name : get.names)
                if (names.contains(name)) columns.push_back(name);
        }
    }
    for (auto& child : plan.children)
        find_stream_columns(*child, out);
}

std::optional<std::string> beyond_one_row(const duckdb::LogicalOperator& plan) {
    using T = duckdb::LogicalOperatorType;
    switch (plan.type) {
        case T::LOGICAL_PROJECTION:
        case T::LOGICAL_FILTER:
        case T::LOGICAL_UNNEST:
            break;
        case T::LOGICAL_GET:
            if (plan.Cast<duckdb::LogicalGet>().function.name == kStreamFunction)
                return std::nullopt;
            return "reading " + plan.Cast<duckdb::LogicalGet>().function.name;
        case T::LOGICAL_WINDOW:
            return "window functions";
        case T::LOGICAL_AGGREGATE_AND_GROUP_BY:
            return "aggregates";
        case T::LOGICAL_DISTINCT:
            return "DISTINCT";
        case T::LOGICAL_ORDER_BY:
        case T::LOGICAL_LIMIT:
        case T::LOGICAL_TOP_N:
            return "ORDER BY or LIMIT";
        default:
            return "joins, subqueries or set operations";
    }
    for (auto& child : plan.children)
        if (auto found = beyond_one_row(*child)) return found;
    if (plan.children.empty()) return "rows of no table";
    return std::nullopt;
}

Error not_repeatable(const std::string& function) {
    return Error(errors::kNotRepeatable,
                 "a flow runs its SQL again after a crash and must get the same rows, so it cannot "
                 "use the function " +
                     function + "()");
}

}  // namespace tarn::sql
