// Rows in memory as tables of DuckDB's: tarn_rows(id) for a provider's rows, stream('name') for a
// statement's input. The scan hands out references to the batches' arrays; nothing is copied.

#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/planner/expression/bound_between_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

#include "duck.h"
#include "tarn/sql/functions.h"

namespace tarn::sql {

namespace {

using duckdb::idx_t;

constexpr idx_t kTypicalBatch = 10'000;  // rows; the planner's guess of a stream

struct FeedBind : duckdb::TableFunctionData {
    explicit FeedBind(std::shared_ptr<Feed> f) : feed(std::move(f)) {}
    std::shared_ptr<Feed> feed;
    TimeBounds bounds;  // of this scan, of a feed that is read later

    bool Equals(const duckdb::FunctionData& other) const override {
        const auto& that = other.Cast<FeedBind>();
        return feed == that.feed && bounds.from == that.bounds.from && bounds.to == that.bounds.to;
    }
    duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
        auto copy = duckdb::make_uniq<FeedBind>(feed);
        copy->bounds = bounds;
        return copy;
    }
};

struct FeedScan : duckdb::GlobalTableFunctionState {
    std::atomic<idx_t> next{0};
    std::vector<std::shared_ptr<const AdoptedBatch>> batches;  // as they were when the scan began
    std::vector<std::pair<uint32_t, uint32_t>> chunks;         // batch, chunk
    duckdb::vector<duckdb::column_t> columns;
    idx_t threads = 1;
    idx_t MaxThreads() const override { return threads; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind_feed(std::shared_ptr<Feed> feed,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<std::string>& names) {
    types = feed->types;
    names = feed->names;
    return duckdb::make_uniq<FeedBind>(std::move(feed));
}

duckdb::unique_ptr<duckdb::FunctionData> bind_rows(duckdb::ClientContext& context,
                                                   duckdb::TableFunctionBindInput& input,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<std::string>& names) {
    auto state = SessionState::of(context);
    auto it = state->rows.find(input.inputs[0].ToString());
    if (it == state->rows.end()) throw duckdb::BinderException("tarn_rows() is not for users' SQL");
    return bind_feed(it->second, types, names);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_stream(duckdb::ClientContext& context,
                                                     duckdb::TableFunctionBindInput& input,
                                                     duckdb::vector<duckdb::LogicalType>& types,
                                                     duckdb::vector<std::string>& names) {
    auto state = SessionState::of(context);
    if (state->streams.empty())
        throw duckdb::BinderException(
            "stream() stands in the SQL of a flow only: here, query the topic as a table");
    auto name = input.inputs[0].ToString();
    auto it = state->streams.find(name);
    if (it == state->streams.end()) {
        std::string known;
        for (auto& [n, _] : state->streams)
            known += (known.empty() ? "" : ", ") + n;
        throw duckdb::BinderException("there is no stream '%s'; there are: %s", name, known);
    }
    return bind_feed(it->second, types, names);
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> start_scan(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
    auto scan = duckdb::make_uniq<FeedScan>();
    auto& bind = input.bind_data->Cast<FeedBind>();
    auto& feed = *bind.feed;
    scan->batches = feed.batches;
    if (feed.later) {
        auto rows = feed.later->scan(bind.bounds);
        if (!rows) throw_error(rows.error());
        if (*rows && (*rows)->row_count)
            scan->batches.push_back(std::make_shared<AdoptedBatch>(std::move(*rows)));
    }
    for (uint32_t b = 0; b < scan->batches.size(); ++b)
        for (uint32_t c = 0; c < scan->batches[b]->chunks(); ++c)
            scan->chunks.emplace_back(b, c);
    scan->columns = input.column_ids;
    // About a row group of a table each.
    if (!feed.ordered) scan->threads = scan->chunks.size() / 60 + 1;
    return scan;
}

void next_chunk(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& out) {
    auto& scan = input.global_state->Cast<FeedScan>();
    auto& feed = *input.bind_data->Cast<FeedBind>().feed;
    const auto at = scan.next++;
    if (at >= scan.chunks.size()) return;
    auto [b, c] = scan.chunks[at];
    auto& batch = *scan.batches[b];
    for (idx_t i = 0; i < scan.columns.size(); ++i)
        if (!duckdb::IsVirtualColumn(scan.columns[i]))
            batch.reference(c, feed.source[scan.columns[i]], out.data[i]);
    out.SetCardinality(batch.chunk_rows(c));
}

duckdb::unique_ptr<duckdb::NodeStatistics> feed_rows(duckdb::ClientContext&,
                                                     const duckdb::FunctionData* bind) {
    auto& feed = *bind->Cast<FeedBind>().feed;
    idx_t rows = feed.later ? feed.later->rows : 0;
    for (auto& batch : feed.batches)
        rows += batch->rows();
    // A stream's plan outlives this batch: do not let an empty first one decide the join order.
    return duckdb::make_uniq<duckdb::NodeStatistics>(
        feed.ordered ? std::max<idx_t>(rows, kTypicalBatch) : rows);
}

// --- Bounds of a feed that is read later. The filters stay in the plan: a bound that is missed, or
// wider than its filter, costs time alone.

bool is_bounded_column(const duckdb::LogicalGet& get, const Feed& feed,
                       const duckdb::Expression& e) {
    if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return false;
    const auto& binding = e.Cast<duckdb::BoundColumnRefExpression>().binding;
    const auto& ids = get.GetColumnIds();
    return binding.table_index == get.table_index && binding.column_index < ids.size() &&
           ids[binding.column_index].GetPrimaryIndex() == idx_t(feed.later->bounded);
}

// NULL and the infinities bound nothing.
std::optional<int64_t> instant(const duckdb::Expression& e) {
    if (e.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return std::nullopt;
    const auto& value = e.Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull() || value.type().id() != duckdb::LogicalTypeId::TIMESTAMP_TZ)
        return std::nullopt;
    const auto t = value.GetValue<duckdb::timestamp_tz_t>();
    return duckdb::Timestamp::IsFinite(t) ? std::optional(t.value) : std::nullopt;
}

void narrow(TimeBounds& bounds, duckdb::ExpressionType type, int64_t us) {
    using T = duckdb::ExpressionType;
    const bool equal = type == T::COMPARE_EQUAL;
    if (equal || type == T::COMPARE_GREATERTHAN || type == T::COMPARE_GREATERTHANOREQUALTO)
        if (!bounds.from || bounds.from->us < us) bounds.from = Timestamp{us};
    if (equal || type == T::COMPARE_LESSTHAN || type == T::COMPARE_LESSTHANOREQUALTO) {
        const auto end = type == T::COMPARE_LESSTHAN ? us : us + 1;
        if (!bounds.to || bounds.to->us > end) bounds.to = Timestamp{end};
    }
}

void find_bounds(duckdb::ClientContext&, duckdb::LogicalGet& get, duckdb::FunctionData* data,
                 duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
    auto& bind = data->Cast<FeedBind>();
    if (!bind.feed->later || bind.feed->later->bounded < 0) return;
    auto compare = [&](const duckdb::Expression& column, duckdb::ExpressionType type,
                       const duckdb::Expression& value) {
        if (!is_bounded_column(get, *bind.feed, column)) return;
        if (auto us = instant(value)) narrow(bind.bounds, type, *us);
    };
    for (const auto& filter : filters) {
        if (filter->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COMPARISON) {
            const auto& c = filter->Cast<duckdb::BoundComparisonExpression>();
            compare(*c.left, filter->GetExpressionType(), *c.right);
            compare(*c.right, duckdb::FlipComparisonExpression(filter->GetExpressionType()),
                    *c.left);
        } else if (filter->GetExpressionClass() == duckdb::ExpressionClass::BOUND_BETWEEN) {
            const auto& b = filter->Cast<duckdb::BoundBetweenExpression>();
            compare(*b.input, b.LowerComparisonType(), *b.lower);
            compare(*b.input, b.UpperComparisonType(), *b.upper);
        }
    }
}

void register_scan(duckdb::ExtensionLoader& loader, const char* name,
                   duckdb::table_function_bind_t bind) {
    duckdb::TableFunction function(name, {duckdb::LogicalType::VARCHAR}, next_chunk, bind,
                                   start_scan);
    function.projection_pushdown = true;
    function.cardinality = feed_rows;
    function.pushdown_complex_filter = find_bounds;
    loader.RegisterFunction(function);
}

}  // namespace

duckdb::shared_ptr<SessionState> SessionState::of(duckdb::ClientContext& context) {
    return context.registered_state->GetOrCreate<SessionState>("tarn");
}

std::string SessionState::add(std::shared_ptr<Feed> feed) {
    auto id = std::to_string(next_id++);
    rows[id] = std::move(feed);
    return id;
}

static std::shared_ptr<Feed> feed_of(const std::vector<codec::ColumnSpec>& schema) {
    auto feed = std::make_shared<Feed>();
    for (size_t i = 0; i < schema.size(); ++i) {
        feed->names.push_back(schema[i].name);
        feed->types.push_back(to_logical(schema[i].type));
        feed->source.push_back(int(i));
    }
    return feed;
}

std::shared_ptr<Feed> make_feed(ScanRef scan) {
    auto feed = feed_of(scan.schema);
    feed->later = std::make_shared<const ScanRef>(std::move(scan));
    return feed;
}

std::shared_ptr<Feed> make_feed(const RowsRef& rows) {
    auto feed = feed_of(rows.schema);
    for (auto& batch : rows.batches)
        if (batch && batch->row_count)
            feed->batches.push_back(std::make_shared<AdoptedBatch>(batch));
    return feed;
}

void register_rows(duckdb::DatabaseInstance& db) {
    duckdb::ExtensionLoader loader(db, "tarn");
    register_scan(loader, kRowsFunction, bind_rows);
}

SqlFunction stream_function() {
    return {.name = kStreamFunction,
            .signature = "stream(name VARCHAR)",
            .text = "What is new of a topic or table: the input of a model.",
            .kind = FunctionKind::kTable,
            .use = FunctionUse::kFlows,
            .add = [](Engine& engine) -> Status {
                duckdb::ExtensionLoader loader(engine.impl().instance(), "tarn");
                register_scan(loader, kStreamFunction, bind_stream);
                return {};
            }};
}

}  // namespace tarn::sql
