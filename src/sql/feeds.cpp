// Rows in memory as tables of DuckDB's: tarn_rows(id) for a provider's rows, stream('name') for a
// statement's input. The scan hands out references to the batches' arrays; nothing is copied.

#include "duckdb/main/extension/extension_loader.hpp"

#include "duck.h"

namespace tarn::sql {

namespace {

using duckdb::idx_t;

constexpr idx_t kTypicalBatch = 10'000;  // rows; the planner's guess of a stream

struct FeedBind : duckdb::TableFunctionData {
    explicit FeedBind(std::shared_ptr<Feed> f) : feed(std::move(f)) {}
    std::shared_ptr<Feed> feed;

    bool Equals(const duckdb::FunctionData& other) const override {
        return feed == other.Cast<FeedBind>().feed;
    }
    duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
        return duckdb::make_uniq<FeedBind>(feed);
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
    auto& feed = *input.bind_data->Cast<FeedBind>().feed;
    scan->batches = feed.batches;
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
    idx_t rows = 0;
    for (auto& batch : feed.batches)
        rows += batch->rows();
    // A stream's plan outlives this batch: do not let an empty first one decide the join order.
    return duckdb::make_uniq<duckdb::NodeStatistics>(
        feed.ordered ? std::max<idx_t>(rows, kTypicalBatch) : rows);
}

void register_scan(duckdb::ExtensionLoader& loader, const char* name,
                   duckdb::table_function_bind_t bind) {
    duckdb::TableFunction function(name, {duckdb::LogicalType::VARCHAR}, next_chunk, bind,
                                   start_scan);
    function.projection_pushdown = true;
    function.cardinality = feed_rows;
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

std::shared_ptr<Feed> make_feed(const RowsRef& rows) {
    auto feed = std::make_shared<Feed>();
    for (size_t i = 0; i < rows.schema.size(); ++i) {
        feed->names.push_back(rows.schema[i].name);
        feed->types.push_back(to_logical(rows.schema[i].type));
        feed->source.push_back(int(i));
    }
    for (auto& batch : rows.batches)
        if (batch && batch->row_count)
            feed->batches.push_back(std::make_shared<AdoptedBatch>(batch));
    return feed;
}

void register_feeds(duckdb::DatabaseInstance& db) {
    duckdb::ExtensionLoader loader(db, "tarn");
    register_scan(loader, kRowsFunction, bind_rows);
    register_scan(loader, kStreamFunction, bind_stream);
}

}  // namespace tarn::sql
