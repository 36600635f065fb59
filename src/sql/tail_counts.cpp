// count(*) of a table and its tail is the sum of the counts of both, so that the count of the files
// comes from the table's log as it does without a tail (count_from_log in delta_scan.cpp), and no
// file is opened. The plan is changed before it is optimised:
//
//   aggregate(count(*)) over union(files, tail)
//     → project(cast) over aggregate(sum) over union(aggregate(count(*)) over files,
//                                                    aggregate(count(*)) over tail)

#include <algorithm>

#include "duckdb/catalog/catalog_entry/aggregate_function_catalog_entry.hpp"
#include "duckdb/function/function_binder.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/binder.hpp"
#include "duckdb/planner/expression/bound_aggregate_expression.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/operator/logical_aggregate.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_projection.hpp"
#include "duckdb/planner/operator/logical_set_operation.hpp"

#include "duck.h"

namespace tarn::sql {
namespace {

using duckdb::Expression;
using duckdb::idx_t;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::LogicalType;
using Expressions = duckdb::vector<duckdb::unique_ptr<Expression>>;
using Node = duckdb::unique_ptr<LogicalOperator>;

bool is_tail(const LogicalOperator& op) {
    if (op.type == LogicalOperatorType::LOGICAL_GET)
        return op.Cast<duckdb::LogicalGet>().function.name == kTailFunction;
    return op.type == LogicalOperatorType::LOGICAL_PROJECTION && is_tail(*op.children[0]);
}

bool is_count(const Expression& e) {
    if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_AGGREGATE) return false;
    const auto& a = e.Cast<duckdb::BoundAggregateExpression>();
    return a.function.name == "count_star" && !a.filter && !a.order_bys && !a.IsDistinct();
}

// Whether it counts the rows of a table with its tail, and nothing else.
bool counts_tail(const LogicalOperator& op) {
    if (op.type != LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) return false;
    const auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
    if (!aggregate.groups.empty() || aggregate.grouping_sets.size() > 1 ||
        !aggregate.grouping_functions.empty() || aggregate.expressions.empty() ||
        !std::ranges::all_of(aggregate.expressions, [](const auto& e) { return is_count(*e); }))
        return false;
    const auto& both = *op.children[0];
    return both.type == LogicalOperatorType::LOGICAL_UNION &&
           both.Cast<duckdb::LogicalSetOperation>().setop_all && both.children.size() == 2 &&
           is_tail(*both.children[1]);
}

Node column_sums(duckdb::OptimizerExtensionInput& input, Node plan) {
    auto& binder = input.optimizer.binder;
    auto& context = input.context;
    auto& aggregate = plan->Cast<duckdb::LogicalAggregate>();
    auto both = std::move(aggregate.children[0]);
    const auto count = aggregate.expressions.size();
    for (auto& child : both->children) {
        Expressions counts;
        for (const auto& e : aggregate.expressions)
            counts.push_back(e->Copy());
        auto one = duckdb::make_uniq<duckdb::LogicalAggregate>(
            binder.GenerateTableIndex(), binder.GenerateTableIndex(), std::move(counts));
        one->children.push_back(std::move(child));
        child = std::move(one);
    }
    const auto rows = binder.GenerateTableIndex(), sums = binder.GenerateTableIndex();
    Node all = duckdb::make_uniq<duckdb::LogicalSetOperation>(
        rows, count, std::move(both->children), LogicalOperatorType::LOGICAL_UNION, true);
    // Not by the type of its entry: its header has statics that would stand twice.
    auto& sum =
        duckdb::Catalog::GetSystemCatalog(context)
            .GetEntry(context, duckdb::CatalogType::AGGREGATE_FUNCTION_ENTRY, DEFAULT_SCHEMA, "sum")
            .Cast<duckdb::AggregateFunctionCatalogEntry>();
    const auto function = sum.functions.GetFunctionByArguments(context, {LogicalType::BIGINT});
    duckdb::FunctionBinder functions(context);
    Expressions added, given;
    for (idx_t i = 0; i < count; ++i) {
        Expressions argument;
        argument.push_back(duckdb::make_uniq<duckdb::BoundColumnRefExpression>(
            LogicalType::BIGINT, duckdb::ColumnBinding(rows, i)));
        added.push_back(functions.BindAggregateFunction(function, std::move(argument)));
        given.push_back(duckdb::BoundCastExpression::AddCastToType(
            context,
            duckdb::make_uniq<duckdb::BoundColumnRefExpression>(added.back()->return_type,
                                                                duckdb::ColumnBinding(sums, i)),
            LogicalType::BIGINT));
    }
    Node total = duckdb::make_uniq<duckdb::LogicalAggregate>(binder.GenerateTableIndex(), sums,
                                                             std::move(added));
    total->children.push_back(std::move(all));
    Node out =
        duckdb::make_uniq<duckdb::LogicalProjection>(aggregate.aggregate_index, std::move(given));
    out->children.push_back(std::move(total));
    return out;
}

void find_counts(duckdb::OptimizerExtensionInput& input, Node& op) {
    if (counts_tail(*op)) {
        op = column_sums(input, std::move(op));
        return;
    }
    for (auto& child : op->children)
        find_counts(input, child);
}

}  // namespace

void register_tail_counts(duckdb::DatabaseInstance& db) {
    duckdb::OptimizerExtension extension;
    extension.pre_optimize_function = find_counts;
    duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(db), extension);
}

}  // namespace tarn::sql
