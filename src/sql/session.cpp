#include "duckdb/common/string_util.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "duckdb/main/query_result.hpp"

#include "duck.h"
#include "result_batch.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/parameters.h"

namespace tarn::errors {
extern const ErrorId kSqlParameters;
}  // namespace tarn::errors

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
    return check_restricted(session.context(), sql, session.engine);
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

duckdb::Value to_value(const SqlValue& value) {
    return std::visit(
        []<class T>(const T& v) {
            if constexpr (std::is_same_v<T, std::monostate>)
                return duckdb::Value();
            else if constexpr (std::is_same_v<T, bool>)
                return duckdb::Value::BOOLEAN(v);
            else if constexpr (std::is_same_v<T, int64_t>)
                return duckdb::Value::BIGINT(v);
            else if constexpr (std::is_same_v<T, double>)
                return duckdb::Value::DOUBLE(v);
            else if constexpr (std::is_same_v<T, Timestamp>)
                return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(v.us));
            else
                return duckdb::Value(v);
        },
        value);
}

using Answer = duckdb::unique_ptr<duckdb::QueryResult>;
using Values = duckdb::case_insensitive_map_t<duckdb::BoundParameterData>;

// The values are there exactly for what the statement has.
Status check_parameters(const duckdb::SQLStatement& statement, const Values& values) {
    for (const auto& [name, place] : statement.named_param_map)
        if (!values.contains(name))
            return fail(errors::kSqlParameters,
                        "the statement has $" + name + ", and no value came for it");
    for (const auto& [name, value] : values)
        if (!statement.named_param_map.contains(name))
            return fail(errors::kSqlParameters,
                        "a value came for $" + name + ", which the statement does not have");
    return {};
}

// Runs a statement with its values in the place of its parameters: bound as constants, so that the
// plan is checked and made with them.
Result<Answer> send(Session::Impl& session, const Running& running, const std::string& sql,
                    const Parameters& parameters) {
    Values values;
    for (const auto& [name, value] : parameters.values)
        values[name] = duckdb::BoundParameterData(to_value(value));
    duckdb::vector<duckdb::unique_ptr<duckdb::SQLStatement>> statements;
    try {
        statements = session.connection.ExtractStatements(sql);
    } catch (const std::exception& e) {
        duckdb::ErrorData error(e);
        error.AddErrorLocation(sql);
        return fail(running.error(error));
    }
    if (statements.size() != 1)
        return fail(errors::kSqlParameters, "values came for what is not one statement");
    TARN_RETURN_IF_ERROR(check_parameters(*statements[0], values));
    auto pending = session.connection.PendingQuery(std::move(statements[0]), values,
                                                   duckdb::QueryResultOutputType::ALLOW_STREAMING);
    if (pending->HasError()) return fail(running.error(pending->GetErrorObject()));
    return pending->Execute();
}

// Runs a statement over tables as they were at one instant.
template <class F>
Result<Answer> at_one_instant(SessionState& state, const Running& running, F&& run) {
    using Instant = SessionState::Instant;
    state.instant = Instant::kAsked;
    Result<Answer> answer = run();
    if (state.instant == Instant::kMoved) {
        TARN_RETURN_IF_ERROR(state.agree());
        answer = run();
    }
    state.instant = Instant::kAny;
    if (answer && (*answer)->HasError()) return fail(running.error((*answer)->GetErrorObject()));
    return answer;
}

// What the session runs in place of what it was given.
std::string understood(Session::Impl& session, std::string_view sql) {
    return with_versions(session.context(),
                         without_schemas(std::string(sql), session.engine.tables));
}

std::vector<ResultColumn> columns_of(const duckdb::QueryResult& result) {
    auto names = result.names;
    duckdb::QueryResult::DeduplicateColumns(names);
    std::vector<ResultColumn> columns;
    for (size_t i = 0; i < names.size(); ++i)
        columns.push_back({names[i], result.types[i].ToString(), kind_of(result.types[i])});
    return columns;
}

}  // namespace

Result<QueryStats> Session::query(std::string_view sql, const QueryLimits& limits,
                                  ResultSink& sink) {
    return query(sql, {}, limits, sink);
}

Result<QueryStats> Session::query(std::string_view sql, const Parameters& parameters,
                                  const QueryLimits& limits, ResultSink& sink) {
    const auto start = std::chrono::steady_clock::now();
    MeteredScope scope(impl_->engine.meter);
    return guarded([&]() -> Result<QueryStats> {
        const auto text = understood(*impl_, sql);
        Running running(*impl_, limits.timeout);
        impl_->state->with_tails = limits.tails;
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        TARN_TRY(auto result, at_one_instant(*impl_->state, running, [&]() -> Result<Answer> {
                     if (!parameters.values.empty()) return send(*impl_, running, text, parameters);
                     return impl_->connection.SendQuery(text);
                 }));
        TARN_RETURN_IF_ERROR(sink.begin(columns_of(*result)));
        ResultBatch::Impl batch;
        QueryStats stats;
        auto drained =
            drain(*impl_, running, *result, [&](duckdb::DataChunk& chunk) -> Result<bool> {
                auto n = int64_t(chunk.size());
                if (limits.max_rows >= 0 && stats.rows + n > limits.max_rows) {
                    n = limits.max_rows - stats.rows;
                    stats.truncated = true;
                }
                batch.look_at(chunk);
                TARN_RETURN_IF_ERROR(sink.batch({batch, size_t(n)}));
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
        const auto text = understood(*impl_, sql);
        Running running(*impl_, Duration::micros(-1));
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        TARN_TRY(auto result, at_one_instant(*impl_->state, running, [&]() -> Result<Answer> {
                     return impl_->connection.Query(text);
                 }));
        return {};
    });
}

Result<codec::ColumnBatch> Session::query_columns(std::string_view sql) {
    return guarded([&]() -> Result<codec::ColumnBatch> {
        const auto text = understood(*impl_, sql);
        Running running(*impl_, Duration::micros(-1));
        TARN_RETURN_IF_ERROR(check_allowed(*impl_, text));
        TARN_TRY(auto result, at_one_instant(*impl_->state, running, [&]() -> Result<Answer> {
                     return impl_->connection.Query(text);
                 }));
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
