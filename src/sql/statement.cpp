#include "tarn/sql/statement.h"

#include "duckdb/main/prepared_statement.hpp"

#include "duck.h"
#include "result_collector.h"
#include "stream_plan.h"

namespace tarn::sql {

struct StreamStatement::Impl {
    std::unique_ptr<Session> session;
    duckdb::unique_ptr<duckdb::PreparedStatement> prepared;
    std::vector<std::string> names;
    std::vector<codec::ColumnSpec> output;
    std::vector<std::string> output_types;
    std::map<std::string, std::vector<std::string>> input;
    std::optional<std::string> not_row_wise;
};

StreamStatement::StreamStatement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StreamStatement::~StreamStatement() = default;

const std::vector<codec::ColumnSpec>& StreamStatement::output() const { return impl_->output; }
const std::vector<std::string>& StreamStatement::output_types() const {
    return impl_->output_types;
}
const std::optional<std::string>& StreamStatement::not_row_wise() const {
    return impl_->not_row_wise;
}
const std::map<std::string, std::vector<std::string>>& StreamStatement::input() const {
    return impl_->input;
}

Result<std::unique_ptr<StreamStatement>> StreamStatement::compile(
    std::unique_ptr<Session> session, std::string_view sql, std::span<const StreamSchema> streams) {
    auto impl = std::make_unique<Impl>();
    auto& s = session->impl();
    const auto text = with_versions(s.context(), std::string(sql));
    TARN_RETURN_IF_ERROR(add_streams(*s.state, streams));
    TARN_RETURN_IF_ERROR(s.planned([&]() -> Status {
        duckdb::vector<std::string> names;
        duckdb::vector<duckdb::LogicalType> types;
        auto plan = bind_plan(s.context(), text, names, types);
        if (auto function = unrepeatable_function(*plan)) return fail(not_repeatable(*function));
        find_stream_columns(*plan, impl->input);
        impl->not_row_wise = beyond_one_row(*plan);
        for (auto& type : types)
            impl->output_types.push_back(type.ToString());
        return {};
    }));
    return guarded([&]() -> Result<std::unique_ptr<StreamStatement>> {
        impl->prepared = s.connection.Prepare(text);
        if (impl->prepared->HasError()) return fail(to_error(impl->prepared->GetErrorObject()));
        auto& names = impl->prepared->GetNames();
        impl->names.assign(names.begin(), names.end());
        impl->output = BatchBuilder(impl->names, impl->prepared->GetTypes()).schema();
        impl->session = std::move(session);
        return std::unique_ptr<StreamStatement>(new StreamStatement(std::move(impl)));
    });
}

// Puts the batches behind their streams' names; takes them away when done.
namespace {
class Fed {
  public:
    Fed(SessionState& state, BatchBuilder& result) : state_(state), result_(result) {}
    ~Fed() {
        for (auto& [_, feed] : state_.streams)
            feed->batches.clear();
    }
    Status feed(const std::string& name,
                std::span<const std::shared_ptr<const codec::ColumnBatch>> batches) {
        auto it = state_.streams.find(name);
        if (it == state_.streams.end())
            return fail(ErrorCode::kInvalidArgument, "no stream of the name " + name);
        auto& feed = *it->second;
        for (auto& batch : batches) {
            if (!batch || batch->row_count == 0) continue;
            if (feed.batches.empty())
                TARN_RETURN_IF_ERROR(locate(feed, *batch, name));
            else
                TARN_RETURN_IF_ERROR(same_places(feed, *batch, name));
            feed.batches.push_back(std::make_shared<AdoptedBatch>(batch));
            result_.borrow_from(*batch);
        }
        return {};
    }

  private:
    static Result<int> place(const Feed& feed, size_t column, const codec::ColumnBatch& batch,
                             const std::string& stream) {
        int at = batch.find(feed.names[column]);
        if (at < 0)
            return fail(ErrorCode::kInvalidArgument,
                        "a batch of stream " + stream + " has no column " + feed.names[column]);
        if (to_logical(batch.schema[size_t(at)].type) != feed.types[column])
            return fail(ErrorCode::kInvalidArgument, "a batch of stream " + stream +
                                                         " has column " + feed.names[column] +
                                                         " in another type");
        return at;
    }
    static Status locate(Feed& feed, const codec::ColumnBatch& batch, const std::string& stream) {
        for (size_t i = 0; i < feed.names.size(); ++i) {
            TARN_TRY(feed.source[i], place(feed, i, batch, stream));
        }
        return {};
    }
    static Status same_places(const Feed& feed, const codec::ColumnBatch& batch,
                              const std::string& stream) {
        for (size_t i = 0; i < feed.names.size(); ++i) {
            TARN_TRY(int at, place(feed, i, batch, stream));
            if (at != feed.source[i])
                return fail(
                    ErrorCode::kInvalidArgument,
                    "batches of stream " + stream + " have their columns in different orders");
        }
        return {};
    }
    SessionState& state_;
    BatchBuilder& result_;
};
}  // namespace

Result<std::shared_ptr<const codec::ColumnBatch>> StreamStatement::run(
    const std::map<std::string, std::vector<std::shared_ptr<const codec::ColumnBatch>>>& input) {
    auto& s = impl_->session->impl();
    return guarded_run([&]() -> Result<std::shared_ptr<const codec::ColumnBatch>> {
        BatchBuilder builder(impl_->names, impl_->prepared->GetTypes(),
                             BatchBuilder::Texts::kCoded);
        Fed fed(*s.state, builder);
        for (auto& [name, batches] : input)
            TARN_RETURN_IF_ERROR(fed.feed(name, batches));
        ChunkCollector::Each each = [&](duckdb::DataChunk& chunk) {
            builder.append(s.context(), chunk);
        };
        ChunkCollector::Installed installed(s.context(), each);
        duckdb::vector<duckdb::Value> none;
        auto result = impl_->prepared->Execute(none, false);
        if (result->HasError()) return fail(to_run_error(result->GetErrorObject()));
        return std::make_shared<const codec::ColumnBatch>(builder.finish());
    });
}

}  // namespace tarn::sql
