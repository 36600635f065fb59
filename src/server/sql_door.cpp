#include "sql_door.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host_names.h"
#include "tarn/server/error_ids.h"
#include "tarn/sql/error_ids.h"

namespace tarn::server {
namespace {

constexpr size_t kWaiting = 16;                            // queries waiting for a slot
constexpr Duration kQueueTimeout = Duration::seconds(10);  // then 429
constexpr size_t kMaxResultBytes = 32 << 20;

class JsonSink final : public sql::RowSink {
  public:
    Status columns(std::span<const sql::ResultColumn> columns) override {
        json_.begin_object().key("columns").begin_array();
        for (const auto& c : columns)
            json_.begin_object().field("name", c.name).field("type", c.type).end_object();
        json_.end_array().key("rows").begin_array();
        begun_ = true;
        return {};
    }
    Status row(std::string_view json) override {
        if (json_.size() + json.size() > kMaxResultBytes)
            return fail(
                ErrorCode::kResourceExhausted,
                fmt::format("the result is larger than {} MiB: select fewer columns or rows",
                            kMaxResultBytes >> 20));
        json_.raw(json);
        return {};
    }
    std::string finish(const sql::QueryStats& stats) {
        if (!begun_) json_.begin_object().key("columns").raw("[]").key("rows").begin_array();
        json_.end_array().field("row_count", stats.rows).field("truncated", stats.truncated);
        json_.field("elapsed_ms", double(stats.elapsed.us) / 1e3).end_object();
        return json_.take();
    }

  private:
    JsonWriter json_;
    bool begun_ = false;
};

}  // namespace

void SqlTicket::cancel() {
    cancelled_.store(true);
    MutexLock lock(mutex_);
    if (session_) session_->interrupt();
}

SqlDoor::SqlDoor(const ServerOptions& options, const Platform& context)
    : options_(options), context_(context), queue_(kWaiting) {
    for (int i = 0; i < std::max(1, options.sql_slots); ++i)
        slots_.emplace_back([this] { run_slot(); });
}

SqlDoor::~SqlDoor() { stop(); }

void SqlDoor::stop() {
    queue_.close();
    {
        MutexLock lock(mutex_);
        for (auto& weak : open_)
            if (auto ticket = weak.lock()) ticket->cancel();
        open_.clear();
    }
    for (auto& slot : slots_)
        if (slot.joinable()) slot.join();
}

std::shared_ptr<SqlTicket> SqlDoor::submit(const std::string& body, const net::Principal& who,
                                           Done done) {
    auto ticket = std::make_shared<SqlTicket>();
    const auto request = nlohmann::json::parse(body, nullptr, false);
    const bool shaped =
        request.is_object() && request.contains("sql") && request["sql"].is_string();
    if (!shaped) {
        done(error_response(400, ErrorCode::kInvalidArgument,
                            "the body is no JSON object with a text \"sql\"",
                            R"(Send {"sql": "select 1"}.)"));
        return ticket;
    }
    const auto limit = request.find("max_rows");
    const bool limited = limit != request.end();
    if (request.size() > (limited ? 2u : 1u) ||
        (limited && (!limit->is_number_integer() || limit->get<int64_t>() < 1))) {
        done(error_response(
            400, ErrorCode::kInvalidArgument,
            "a query has sql and, if need be, max_rows, a whole number from 1; the body has more",
            R"(Send {"sql": "select 1", "max_rows": 100}.)"));
        return ticket;
    }
    Job job;
    job.sql = request["sql"].get<std::string>();
    job.who = who;
    job.max_rows = options_.sql_max_rows;
    if (limited) job.max_rows = std::min<int64_t>(limit->get<int64_t>(), options_.sql_max_rows);
    job.queued_us = context_.clock.monotonic_us();
    job.ticket = ticket;
    job.done = done;
    {
        MutexLock lock(mutex_);
        std::erase_if(open_, [](const auto& weak) { return weak.expired(); });
        open_.push_back(ticket);
    }
    if (!queue_.try_push(std::move(job)))
        done(error_response(
            429, errors::kSqlBusy,
            fmt::format("{} queries run and {} wait already", options_.sql_slots, kWaiting),
            "Try again in a moment."));
    return ticket;
}

void SqlDoor::run_slot() {
    while (auto job = queue_.pop())
        job->done(run(*job));
}

Response SqlDoor::run(const Job& job) {
    const Error cancelled(errors::kSqlCancelled, "the query was cancelled");
    if (job.ticket->cancelled()) return error_response(cancelled, "Run it again.");
    if (context_.clock.monotonic_us() - job.queued_us > kQueueTimeout.us)
        return error_response(Error(errors::kSqlBusy, "the query waited too long for a slot"));
    if (context_.sql.failed())
        return error_response(
            Error(errors::kSqlEngineFailed, "the SQL engine has failed and must be reopened"),
            "Restart tarn; the log says what happened.");
    auto session = context_.sql.session();
    if (!session) return error_response(session.error());
    {
        MutexLock lock(job.ticket->mutex_);
        job.ticket->session_ = session->get();
    }
    JsonSink sink;
    sql::QueryLimits limits{.max_rows = job.max_rows, .timeout = options_.sql_timeout};
    auto stats = job.ticket->cancelled() ? Result<sql::QueryStats>(fail(cancelled))
                                         : (*session)->query(job.sql, limits, sink);
    {
        MutexLock lock(job.ticket->mutex_);
        job.ticket->session_ = nullptr;
    }
    if (!stats) return error_response(stats.error());
    Response response;
    response.body = sink.finish(*stats);
    return response;
}

}  // namespace tarn::server
