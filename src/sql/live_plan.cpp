#include "live_plan.h"

#include "duckdb/execution/column_binding_resolver.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "duckdb/planner/operator/logical_aggregate.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

#include "stream_plan.h"
#include "tarn/sql/error_ids.h"
#include "tumble.h"

namespace tarn::sql {

namespace {

using duckdb::Expression;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

std::unexpected<Error> refuse(const std::string& what) {
    return fail(errors::kStreamingSql, "a streaming aggregate cannot have " + what);
}

// What the user wrote, for an operator that stands where none may.
std::string described(const LogicalOperator& op) {
    switch (op.type) {
        case LogicalOperatorType::LOGICAL_ORDER_BY:
            return "ORDER BY";
        case LogicalOperatorType::LOGICAL_TOP_N:
        case LogicalOperatorType::LOGICAL_LIMIT:
            return "LIMIT";
        case LogicalOperatorType::LOGICAL_DISTINCT:
            return "SELECT DISTINCT";
        case LogicalOperatorType::LOGICAL_WINDOW:
            return "window functions";
        case LogicalOperatorType::LOGICAL_FILTER:
            return "HAVING or QUALIFY";
        case LogicalOperatorType::LOGICAL_PROJECTION:
            return "a subquery in FROM";
        case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
            return "an aggregate over an aggregate";
        case LogicalOperatorType::LOGICAL_UNNEST:
            return "unnest";
        case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
        case LogicalOperatorType::LOGICAL_CTE_REF:
            return "WITH";
        case LogicalOperatorType::LOGICAL_UNION:
        case LogicalOperatorType::LOGICAL_EXCEPT:
        case LogicalOperatorType::LOGICAL_INTERSECT:
            return "UNION, EXCEPT or INTERSECT";
        case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
        case LogicalOperatorType::LOGICAL_ANY_JOIN:
        case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
        case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
        case LogicalOperatorType::LOGICAL_DELIM_JOIN:
        case LogicalOperatorType::LOGICAL_ASOF_JOIN:
        case LogicalOperatorType::LOGICAL_DEPENDENT_JOIN:
            return "joins or subqueries";
        default:
            return duckdb::LogicalOperatorToString(op.type);
    }
}

// The chain projection ← aggregate ← filters ← get, checked.
struct Chain {
    LogicalOperator* projection = nullptr;
    duckdb::LogicalAggregate* aggregate = nullptr;
    std::vector<LogicalOperator*> filters;
    duckdb::LogicalGet* get = nullptr;
};

Result<Chain> take_apart(LogicalOperator& root) {
    Chain chain;
    auto* op = &root;
    if (op->type != LogicalOperatorType::LOGICAL_PROJECTION) return refuse(described(*op));
    chain.projection = op;
    op = op->children.at(0).get();
    if (op->type == LogicalOperatorType::LOGICAL_GET)
        return fail(errors::kStreamingSql,
                    "a streaming aggregate needs GROUP BY with tumble(column, interval '…')");
    if (op->type != LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) {
        // A plain filtered SELECT has a filter here too, without an aggregate below.
        for (auto* below = op; below;
             below = below->children.empty() ? nullptr : below->children[0].get())
            if (below->type == LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY)
                return refuse(described(*op));
        if (op->type != LogicalOperatorType::LOGICAL_FILTER) return refuse(described(*op));
        return fail(errors::kStreamingSql,
                    "a streaming aggregate needs GROUP BY with tumble(column, interval '…')");
    }
    chain.aggregate = &op->Cast<duckdb::LogicalAggregate>();
    for (op = op->children.at(0).get(); op->type == LogicalOperatorType::LOGICAL_FILTER;
         op = op->children.at(0).get())
        chain.filters.push_back(op);
    if (op->type != LogicalOperatorType::LOGICAL_GET) return refuse(described(*op));
    chain.get = &op->Cast<duckdb::LogicalGet>();
    if (chain.get->function.name != kStreamFunction)
        return refuse("another source than stream('…'), here " + chain.get->function.name);
    return chain;
}

const duckdb::BoundFunctionExpression* as_tumble(const Expression& e) {
    if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) return nullptr;
    auto& function = e.Cast<duckdb::BoundFunctionExpression>();
    return function.function.name == "tumble" ? &function : nullptr;
}

Status find_window(duckdb::ClientContext& context, LivePlan& plan) {
    const duckdb::BoundFunctionExpression* tumble = nullptr;
    for (size_t i = 0; i < plan.groups.size(); ++i) {
        auto* found = as_tumble(*plan.groups[i]);
        if (!found) continue;
        if (tumble) return refuse("two windows");
        tumble = found;
        plan.tumble_group = int(i);
    }
    if (!tumble)
        return fail(errors::kStreamingSql,
                    "a streaming aggregate needs a window: one group expression must be "
                    "tumble(column, interval '…')");
    auto& column = *tumble->children[0];
    if (column.GetExpressionClass() != duckdb::ExpressionClass::BOUND_REF ||
        column.return_type != duckdb::LogicalType::TIMESTAMP_TZ)
        return refuse("a window over anything but a TIMESTAMPTZ column of the stream, here " +
                      column.ToString());
    plan.event_time = int(column.Cast<duckdb::BoundReferenceExpression>().index);
    if (!tumble->children[1]->IsFoldable()) return refuse("a window whose size is not constant");
    auto size = duckdb::ExpressionExecutor::EvaluateScalar(context, *tumble->children[1]);
    if (size.IsNull()) return refuse("a window whose size is NULL");
    plan.size_us = tumble_size_us(size.GetValue<duckdb::interval_t>());
    return {};
}

Status find_sets(const duckdb::LogicalAggregate& aggregate, LivePlan& plan) {
    if (!aggregate.grouping_functions.empty())
        return refuse("GROUPING(): use the column grouping_set");
    std::vector<std::vector<int>> sets;
    for (auto& set : aggregate.grouping_sets)
        sets.emplace_back(set.begin(), set.end());
    if (sets.empty()) {
        auto& all = sets.emplace_back();
        for (size_t i = 0; i < plan.groups.size(); ++i)
            all.push_back(int(i));
    }
    for (auto& set : sets) {
        if (std::erase(set, plan.tumble_group) == 0)
            return refuse("a grouping set without the window");
        plan.sets.push_back(std::move(set));
    }
    return {};
}

// DuckDB marks as order dependent what it may not reorder, rounding of floating-point sums
// included. Rows come to a pane in one fixed order, so rounding repeats; what picks or lists rows
// by their order is refused.
bool depends_on_order(const duckdb::AggregateFunction& function) {
    static constexpr std::string_view kRoundingOnly[] = {"sum",
                                                         "avg",
                                                         "mean",
                                                         "fsum",
                                                         "kahan_sum",
                                                         "sumkahan",
                                                         "favg",
                                                         "stddev",
                                                         "stddev_pop",
                                                         "stddev_samp",
                                                         "variance",
                                                         "var_pop",
                                                         "var_samp",
                                                         "sem",
                                                         "corr",
                                                         "covar_pop",
                                                         "covar_samp",
                                                         "skewness",
                                                         "kurtosis",
                                                         "kurtosis_pop",
                                                         "product",
                                                         "entropy",
                                                         "approx_count_distinct",
                                                         "regr_avgx",
                                                         "regr_avgy",
                                                         "regr_count",
                                                         "regr_intercept",
                                                         "regr_r2",
                                                         "regr_slope",
                                                         "regr_sxx",
                                                         "regr_sxy",
                                                         "regr_syy"};
    if (function.order_dependent == duckdb::AggregateOrderDependent::NOT_ORDER_DEPENDENT)
        return false;
    return std::find(std::begin(kRoundingOnly), std::end(kRoundingOnly), function.name) ==
           std::end(kRoundingOnly);
}

Status find_aggregates(duckdb::LogicalAggregate& aggregate, LivePlan& plan) {
    for (auto& e : aggregate.expressions) {
        auto& bound = e->Cast<duckdb::BoundAggregateExpression>();
        auto& name = bound.function.name;
        if (bound.order_bys && !bound.order_bys->orders.empty())
            return refuse("ORDER BY inside " + name + "()");
        if (depends_on_order(bound.function))
            return refuse("the aggregate " + name +
                          "(), whose result depends on the order of rows");
        bool matters = bound.function.distinct_dependent ==
                       duckdb::AggregateDistinctDependent::DISTINCT_DEPENDENT;
        plan.aggregates.push_back({&bound, bound.IsDistinct() && matters});
    }
    return {};
}

Status find_outputs(const LogicalOperator& projection, LivePlan& plan) {
    std::vector<bool> shown(plan.groups.size());
    for (size_t i = 0; i < projection.expressions.size(); ++i) {
        auto& e = *projection.expressions[i];
        plan.outputs.push_back(&e);
        if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_REF) continue;
        auto at = e.Cast<duckdb::BoundReferenceExpression>().index;
        if (at >= plan.groups.size()) continue;
        shown[at] = true;
        plan.key.push_back(int(i));
        if (int(at) == plan.tumble_group) plan.window_start = int(i);
    }
    for (size_t i = 0; i < shown.size(); ++i)
        if (!shown[i])
            return refuse("a group that is not in the SELECT list (its rows are upserts by key): " +
                          plan.groups[i]->ToString());
    return {};
}

void find_inputs(const duckdb::LogicalGet& get, LivePlan& plan) {
    for (auto& column : get.GetColumnIds()) {
        auto at = column.GetPrimaryIndex();
        // count(*) alone may ask for a column that is none of the stream's.
        if (duckdb::IsVirtualColumn(at)) at = 0;
        plan.input_names.push_back(get.names.at(at));
        plan.input_types.push_back(get.returned_types.at(at));
    }
}

void find_filter(const std::vector<LogicalOperator*>& filters, LivePlan& plan) {
    auto all = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(
        duckdb::ExpressionType::CONJUNCTION_AND);
    for (auto* filter : filters)
        for (auto& e : filter->expressions)
            all->children.push_back(e->Copy());
    if (all->children.size() == 1)
        plan.filter = std::move(all->children[0]);
    else if (!all->children.empty())
        plan.filter = std::move(all);
}

}  // namespace

Result<LivePlan> make_live_plan(duckdb::ClientContext& context, const std::string& sql) {
    LivePlan plan;
    duckdb::vector<std::string> names;
    plan.root = bind_plan(context, sql, names, plan.output_types);
    plan.output_names.assign(names.begin(), names.end());
    if (auto function = unrepeatable_function(*plan.root)) return fail(not_repeatable(*function));
    TARN_TRY(auto chain, take_apart(*plan.root));
    duckdb::ColumnBindingResolver().VisitOperator(*plan.root);
    plan.stream = chain.get->parameters.at(0).ToString();
    find_inputs(*chain.get, plan);
    find_filter(chain.filters, plan);
    for (auto& group : chain.aggregate->groups)
        plan.groups.push_back(group.get());
    TARN_RETURN_IF_ERROR(find_window(context, plan));
    TARN_RETURN_IF_ERROR(find_sets(*chain.aggregate, plan));
    TARN_RETURN_IF_ERROR(find_aggregates(*chain.aggregate, plan));
    TARN_RETURN_IF_ERROR(find_outputs(*chain.projection, plan));
    return plan;
}

}  // namespace tarn::sql
