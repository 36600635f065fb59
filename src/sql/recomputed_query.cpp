#include "tarn/sql/recomputed_query.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/operator/logical_aggregate.hpp"

#include "duck.h"
#include "stream_plan.h"
#include "tarn/sql/given_rows.h"
#include "tarn/sql/keys.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/statement.h"

namespace tarn::sql {

struct RecomputedQuery::Impl {
    Info info;
    std::string stream;
    duckdb::unique_ptr<duckdb::SelectNode> node;
    std::string alias;                         // of the table in FROM
    std::unique_ptr<StreamStatement> touched;  // the same without HAVING
    std::vector<codec::ColumnSpec> keys;

    std::string over(const std::string& from) const;
};

namespace {

using codec::ColumnType;

constexpr const char *kKeys = "tarn keys", *kRows = "tarn rows";

std::unexpected<Error> cannot(const std::string& what) {
    return fail(ErrorCode::kUnsupported, "groups over changes cannot have " + what);
}

duckdb::unique_ptr<duckdb::SelectNode> select_node(const std::string& sql) {
    duckdb::Parser parser;
    parser.ParseQuery(sql);
    auto& node = parser.statements.at(0)->Cast<duckdb::SelectStatement>().node;
    if (node->type != duckdb::QueryNodeType::SELECT_NODE) return nullptr;
    return duckdb::unique_ptr_cast<duckdb::QueryNode, duckdb::SelectNode>(std::move(node));
}

bool calls_session(const duckdb::ParsedExpression& e) {
    if (e.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION &&
        duckdb::StringUtil::CIEquals(e.Cast<duckdb::FunctionExpression>().function_name, "session"))
        return true;
    bool found = false;
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        e, [&](const duckdb::ParsedExpression& child) { found = found || calls_session(child); });
    return found;
}

Status check_shape(const duckdb::SelectNode* node) {
    if (!node) return cannot("UNION and the like");
    if (node->qualify) return cannot("QUALIFY");
    if (node->sample) return cannot("a sample");
    if (!node->modifiers.empty())
        return cannot("ORDER BY, LIMIT or DISTINCT: the rows of a table have no order");
    if (!node->cte_map.map.empty()) return cannot("WITH");
    const auto* from = node->from_table.get();
    if (!from || from->type != duckdb::TableReferenceType::TABLE_FUNCTION)
        return cannot("joins or subqueries");
    if (!from->Cast<duckdb::TableFunctionRef>().column_name_alias.empty())
        return cannot("other names for the source's columns behind FROM");
    for (const auto& item : node->select_list)
        if (calls_session(*item))
            return cannot("session(): leave changes=true out, where the source only grows");
    return {};
}

// Which columns of the bound SELECT are groups.
Result<std::vector<int>> find_keys(const duckdb::LogicalOperator& plan) {
    using T = duckdb::LogicalOperatorType;
    const auto* below = &plan;
    while (below->type != T::LOGICAL_AGGREGATE_AND_GROUP_BY) {
        const bool passes =
            below->type == T::LOGICAL_PROJECTION || below->type == T::LOGICAL_FILTER;
        if (!passes || below->children.size() != 1)
            return cannot("anything between its groups and its rows (a window function, unnest)");
        below = below->children[0].get();
    }
    const auto& aggregate = below->Cast<duckdb::LogicalAggregate>();
    if (aggregate.grouping_sets.size() > 1) return cannot("grouping sets: write a model for each");
    std::vector<int> keys;
    std::set<duckdb::idx_t> shown;
    for (size_t i = 0; i < plan.expressions.size(); ++i) {
        const auto& item = *plan.expressions[i];
        if (item.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) continue;
        const auto& binding = item.Cast<duckdb::BoundColumnRefExpression>().binding;
        if (binding.table_index != aggregate.group_index) continue;
        if (shown.insert(binding.column_index).second) keys.push_back(int(i));
    }
    if (shown.size() < aggregate.groups.size())
        return cannot("a group that is not in the SELECT list as it is");
    return keys;
}

// An empty text in a column that the table is partitioned by is NULL there: groups by both are one.
Status join_empty_groups(const RecomputedQuery::Info& info,
                         std::span<const std::string> partition_by, duckdb::SelectNode& node) {
    std::vector<size_t> joined;
    for (const int key : info.key) {
        const auto& column = info.output[size_t(key)];
        if (std::ranges::find(partition_by, column.name) != partition_by.end() &&
            (column.type == ColumnType::kText || column.type == ColumnType::kBytes))
            joined.push_back(size_t(key));
    }
    if (joined.empty()) return {};
    if (node.select_list.size() != info.output.size()) return cannot("* in its SELECT list");
    for (const auto i : joined) {
        auto& item = node.select_list[i];
        const auto text = [&] {
            auto copy = item->Copy();
            copy->ClearAlias();
            return copy->ToString();
        }();
        item = std::move(duckdb::Parser::ParseExpressionList("nullif(" + text + ", '')").at(0));
        item->SetAlias(info.output[i].name);
    }
    duckdb::GroupByNode groups;
    duckdb::GroupingSet all;
    for (const int key : info.key) {
        auto copy = node.select_list[size_t(key)]->Copy();
        copy->ClearAlias();
        all.insert(groups.group_expressions.size());
        groups.group_expressions.push_back(std::move(copy));
    }
    groups.grouping_sets.push_back(std::move(all));
    node.groups = std::move(groups);
    node.aggregate_handling = duckdb::AggregateHandling::STANDARD_HANDLING;
    return {};
}

// Columns of a batch.
RecomputedQuery::BatchPtr only(const RecomputedQuery::BatchPtr& rows, const std::vector<int>& at) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->row_count = rows->row_count;
    out->buffers = rows->buffers;
    for (const int i : at) {
        out->schema.push_back(rows->schema[size_t(i)]);
        out->columns.push_back(rows->columns[size_t(i)]);
    }
    return out;
}

Result<std::vector<RecomputedQuery::BatchPtr>> rows_of(Session& session, const std::string& sql) {
    TARN_TRY(auto rows, session.query_columns(sql));
    if (rows.row_count == 0) return std::vector<RecomputedQuery::BatchPtr>();
    return std::vector<RecomputedQuery::BatchPtr>{
        std::make_shared<const codec::ColumnBatch>(std::move(rows))};
}

}  // namespace

std::string RecomputedQuery::Impl::over(const std::string& from) const {
    auto copy = node->Copy();
    auto table = select_node("SELECT * FROM " + from + " AS " + quoted_name(alias));
    copy->Cast<duckdb::SelectNode>().from_table = std::move(table->from_table);
    return copy->ToString();
}

RecomputedQuery::RecomputedQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecomputedQuery::~RecomputedQuery() = default;
const RecomputedQuery::Info& RecomputedQuery::info() const { return impl_->info; }

Result<std::unique_ptr<RecomputedQuery>> RecomputedQuery::compile(
    Engine& engine, std::string_view sql, const StreamSchema& stream,
    std::span<const std::string> partition_by) {
    auto impl = std::make_unique<Impl>();
    auto& info = impl->info;
    impl->stream = stream.name;
    // DuckDB judges the whole first: its messages show the place in the text as it was written.
    TARN_TRY(auto session, engine.session());
    TARN_TRY(auto whole, StreamStatement::compile(std::move(session), sql, {&stream, 1}));
    info.output = whole->output();
    if (auto it = whole->input().find(stream.name); it != whole->input().end())
        info.input = it->second;
    TARN_TRY(session, engine.session());
    auto taken_apart = guarded([&]() -> Status {
        impl->node = select_node(std::string(sql));
        TARN_RETURN_IF_ERROR(check_shape(impl->node.get()));
        const auto& from = *impl->node->from_table;
        impl->alias = from.alias.empty() ? kStreamFunction : from.alias;
        auto& s = session->impl();
        TARN_RETURN_IF_ERROR(add_streams(*s.state, {&stream, 1}));
        return s.planned([&]() -> Status {
            duckdb::vector<std::string> names;
            duckdb::vector<duckdb::LogicalType> types;
            const auto plan = bind_plan(s.context(), std::string(sql), names, types);
            TARN_TRY(info.key, find_keys(*plan));
            return {};
        });
    });
    TARN_RETURN_IF_ERROR(taken_apart);
    for (const int key : info.key)
        impl->keys.push_back(info.output[size_t(key)]);
    std::string touched;
    auto joined = guarded([&]() -> Status {
        TARN_RETURN_IF_ERROR(join_empty_groups(info, partition_by, *impl->node));
        auto copy = impl->node->Copy();
        copy->Cast<duckdb::SelectNode>().having.reset();
        touched = copy->ToString();
        return {};
    });
    TARN_RETURN_IF_ERROR(joined);
    TARN_TRY(session, engine.session());
    TARN_TRY(impl->touched, StreamStatement::compile(std::move(session), touched, {&stream, 1}));
    return std::unique_ptr<RecomputedQuery>(new RecomputedQuery(std::move(impl)));
}

Result<RecomputedQuery::BatchPtr> RecomputedQuery::groups_of(const std::vector<BatchPtr>& rows) {
    TARN_TRY(auto groups, impl_->touched->run({{impl_->stream, rows}}));
    return only(groups, impl_->info.key);
}

Result<RecomputedQuery::Groups> RecomputedQuery::all(Session& session, const std::string& from) {
    Groups out;
    TARN_TRY(out.rows, rows_of(session, impl_->over(from)));
    return out;
}

Result<RecomputedQuery::Groups> RecomputedQuery::groups(Session& session, const std::string& from,
                                                        const std::vector<BatchPtr>& keys) {
    if (impl_->keys.empty()) return all(session, from);
    Groups out;
    const GivenRows given(session, {kKeys, impl_->keys}, keys);
    TARN_TRY(const auto select,
             rows_of_keys(session, "(" + impl_->over(from) + ")", impl_->keys, given.text()));
    TARN_TRY(out.rows, rows_of(session, select));
    const GivenRows there(session, {kRows, impl_->info.output}, out.rows);
    std::string names;
    for (const auto& key : impl_->keys)
        names += (names.empty() ? "k." : ", k.") + quoted_name(key.name);
    TARN_TRY(out.gone, rows_of(session, fmt::format("SELECT DISTINCT {} FROM {} AS k ANTI JOIN {} "
                                                    "AS r ON {}",
                                                    names, given.text(), there.text(),
                                                    same_keys("k", "r", impl_->keys))));
    return out;
}

}  // namespace tarn::sql
