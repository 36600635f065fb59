#include "duckdb/common/string_util.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "duckdb/main/query_result.hpp"

#include "duck.h"
#include "json_rows.h"
#include "tarn/sql/error_ids.h"

namespace tarn::sql {

Session::Impl::Impl(Engine::Impl& e)
    : engine(e), connection(*e.db), state(SessionState::of(*connection.context)) {}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

void Session::interrupt() { impl_->connection.Interrupt(); }

// "Table with name X does not exist!" with DuckDB's guess replaced by ours: it does not know the
// provider's tables.
static Error with_nearest_table(Error error, const duckdb::ErrorData& data, TableProvider* tables) {
    static constexpr std::string_view kStart = "Table with name ";
    const auto& said = error.message();
    const auto end = said.find(" does not exist");
    if (data.Type() != duckdb::ExceptionType::CATALOG || !tables || !said.starts_with(kStart) ||
        end == std::string::npos)
        return error;
    auto wanted = duckdb::StringUtil::Lower(said.substr(kStart.size(), end - kStart.size()));
    std::erase(wanted, '"');
    auto bare = [](const std::string& n) { return n.substr(n.find('.') + 1); };
    std::string best;
    size_t best_distance = std::max<size_t>(3, wanted.size() / 3) + 1;
    for (auto& known : tables->names()) {
        auto distance = std::min(
            duckdb::StringUtil::LevenshteinDistance(wanted, duckdb::StringUtil::Lower(known)),
            duckdb::StringUtil::LevenshteinDistance(bare(wanted), bare(known)));
        if (distance < best_distance) best_distance = distance, best = known;
    }
    auto text = error.message();
    auto guess = text.find("\nDid you mean");
    auto place = text.find("\n\nLINE");
    if (guess != std::string::npos)
        text.erase(guess, (place == std::string::npos ? text.size() : place) - guess);
    place = std::min(text.find("\n\nLINE"), text.size());
    if (!best.empty()) text.insert(place, "\nDid you mean \"" + best + "\"?");
    return Error(error.id(), std::move(text));
}

namespace {

// A running statement: its deadline, and what its end means.
class Running {
  public:
    Running(Session::Impl& session, Duration timeout) : session_(session), timeout_(timeout) {
        session.timed_out = false;
        session.state->rows.clear();
        if (timeout.us < 0) return;
        id_ = session.engine.watchdog.add(timeout, [&session] {
            session.timed_out = true;
            session.connection.Interrupt();
        });
    }
    ~Running() {
        if (timeout_.us >= 0) session_.engine.watchdog.remove(id_);
    }
    Error error(const duckdb::ErrorData& data) const {
        if (session_.timed_out) return timed_out();
        auto result = to_error(data);
        if (result.code() == ErrorCode::kCancelled)
            return Error(errors::kSqlCancelled, "the query was interrupted");
        return with_nearest_table(std::move(result), data, session_.engine.tables);
    }
    Error timed_out() const {
        return Error(errors::kSqlTimeout,
                     "the query took longer than its limit of " + format_duration(timeout_));
    }

  private:
    Session::Impl& session_;
    Duration timeout_;
    uint64_t id_ = 0;
};

Status check_allowed(Session::Impl& session, const std::string& sql) {
    auto& options = session.engine.options;
    if (!options.restricted) return {};
    return check_restricted(session.context(), sql, options.allow_delta_scan);
}

// Feeds the chunks of a result to each(chunk), which returns Result<bool>: false stops.
template <class F>
Status drain(Session::Impl& session, const Running& running, duckdb::QueryResult& result,
             F&& each) {
    for (;;) {
        if (session.timed_out) return fail(running.timed_out());
        duckdb::unique_ptr<duckdb::DataChunk> chunk;
        duckdb::ErrorData error;
        if (!result.TryFetch(chunk, error)) return fail(running.error(error));
        if (!chunk || chunk->size() == 0) return {};
        TARN_TRY(bool more, each(*chunk));
        if (!more) return {};
    }
}

}  // namespace

Result<QueryStats> Session::query(std::string_view sql, const QueryLimits& limits, RowSink& sink) {
    const auto start = std::chrono::steady_clock::now();
    return guarded([&]() -> Result<QueryStats> {
        const std::string text(sql);
        Running running(*impl_, limits.timeout);
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        auto result = impl_->connection.SendQuery(text);
        if (result->HasError()) return fail(running.error(result->GetErrorObject()));
        JsonRows rows(result->names, result->types);
        TARN_RETURN_IF_ERROR(sink.columns(rows.columns()));
        QueryStats stats;
        auto drained =
            drain(*impl_, running, *result, [&](duckdb::DataChunk& chunk) -> Result<bool> {
                auto n = int64_t(chunk.size());
                if (limits.max_rows >= 0 && stats.rows + n > limits.max_rows) {
                    n = limits.max_rows - stats.rows;
                    stats.truncated = true;
                }
                rows.start(chunk);
                for (int64_t i = 0; i < n; ++i)
                    TARN_RETURN_IF_ERROR(sink.row(rows.row(size_t(i))));
                stats.rows += n;
                return !stats.truncated;
            });
        TARN_RETURN_IF_ERROR(drained);
        auto took = std::chrono::steady_clock::now() - start;
        stats.elapsed =
            Duration::micros(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
        return stats;
    });
}

Status Session::execute(std::string_view sql) {
    return guarded([&]() -> Status {
        const std::string text(sql);
        Running running(*impl_, Duration::micros(-1));
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        auto result = impl_->connection.Query(text);
        if (result->HasError()) return fail(running.error(result->GetErrorObject()));
        return {};
    });
}

Result<codec::ColumnBatch> Session::query_columns(std::string_view sql) {
    return guarded([&]() -> Result<codec::ColumnBatch> {
        const std::string text(sql);
        Running running(*impl_, Duration::micros(-1));
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        auto result = impl_->connection.Query(text);
        if (result->HasError()) return fail(running.error(result->GetErrorObject()));
        BatchBuilder builder({result->names.begin(), result->names.end()}, result->types);
        auto drained =
            drain(*impl_, running, *result, [&](duckdb::DataChunk& chunk) -> Result<bool> {
                builder.append(impl_->context(), chunk);
                return true;
            });
        TARN_RETURN_IF_ERROR(drained);
        return builder.finish();
    });
}

}  // namespace tarn::sql
