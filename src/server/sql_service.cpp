#include "sql_service.h"

#include <algorithm>
#include <expected>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host_names.h"
#include "tarn/sql/csv_result.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/json_result.h"

namespace tarn::errors {
extern const ErrorId kSqlBusy;
}  // namespace tarn::errors

namespace tarn::server {
namespace {

constexpr size_t kWaiting = 16;                            // queries waiting for a slot
constexpr Duration kQueueTimeout = Duration::seconds(10);  // then 429
constexpr size_t kMaxResultBytes = 32 << 20;

Status too_large() {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the result is larger than {} MiB: select fewer columns or rows",
                            kMaxResultBytes >> 20));
}

// A result in one of its forms: what the query writes to, and the answer when it has ended.
class Form {
  public:
    virtual ~Form() = default;
    virtual sql::ResultSink& sink() = 0;
    virtual Response finish(const sql::QueryStats& stats) = 0;
};

class JsonForm final : public Form, sql::JsonRowSink {
  public:
    sql::ResultSink& sink() override { return *this; }
    Response finish(const sql::QueryStats& stats) override {
        json_.end_array().field("row_count", stats.rows).field("truncated", stats.truncated);
        json_.field("elapsed_ms", double(stats.elapsed.us) / 1e3).end_object();
        Response response;
        response.body = json_.take();
        return response;
    }

  private:
    Status columns(std::span<const sql::ResultColumn> columns) override {
        json_.begin_object().key("columns").begin_array();
        for (const auto& c : columns)
            json_.begin_object().field("name", c.name).field("type", c.type).end_object();
        json_.end_array().key("rows").begin_array();
        return {};
    }
    Status row(std::string_view json) override {
        if (json_.size() + json.size() > kMaxResultBytes) return too_large();
        json_.raw(json);
        return {};
    }
    JsonWriter json_;
};

// What JSON says beside the rows stands in headers.
class CsvForm final : public Form, sql::CsvSink {
  public:
    sql::ResultSink& sink() override { return *this; }
    Response finish(const sql::QueryStats& stats) override {
        Response response;
        response.content_type = "text/csv; charset=utf-8; header=present";
        response.body = std::move(text_);
        response.headers = {{"Tarn-Row-Count", std::to_string(stats.rows)},
                            {"Tarn-Truncated", stats.truncated ? "true" : "false"}};
        return response;
    }

  private:
    Status lines(std::string_view csv) override {
        if (text_.size() + csv.size() > kMaxResultBytes) return too_large();
        text_ += csv;
        return {};
    }
    std::string text_;
};

// By the header Accept: CSV if it is asked for, else JSON.
std::unique_ptr<Form> form_of(std::string_view accept) {
    if (accept.find("text/csv") != accept.npos) return std::make_unique<CsvForm>();
    return std::make_unique<JsonForm>();
}

struct SqlRequest {
    std::string sql;
    sql::Parameters parameters;
    int64_t max_rows = INT64_MAX;
};

// Nothing if the JSON is no value of SQL's: nested, or a whole number beyond BIGINT.
std::optional<sql::SqlValue> parameter(const nlohmann::json& json) {
    if (json.is_null()) return sql::SqlValue();
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_string()) return json.get<std::string>();
    if (json.is_number_float()) return json.get<double>();
    if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t(INT64_MAX))
        return std::nullopt;
    if (json.is_number_integer()) return json.get<int64_t>();
    return std::nullopt;
}

// An array's values are $1, $2 …, an object's have names.
bool read_parameters(const nlohmann::json& json, sql::Parameters& out) {
    if (!json.is_array() && !json.is_object()) return false;
    size_t place = 0;
    for (const auto& [name, value] : json.items()) {
        auto read = parameter(value);
        if (!read) return false;
        ++place;
        out.values[json.is_array() ? std::to_string(place) : name] = std::move(*read);
    }
    return true;
}

std::expected<SqlRequest, Response> read_request(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("sql") || !json["sql"].is_string())
        return std::unexpected(error_response(400, ErrorCode::kInvalidArgument,
                                              "the body is no JSON object with a text \"sql\"",
                                              R"(Send {"sql": "select 1"}.)"));
    SqlRequest out{.sql = json["sql"].get<std::string>(), .parameters = {}};
    bool fits = true;
    for (const auto& [name, value] : json.items()) {
        if (name == "sql") continue;
        if (name == "parameters") {
            fits = fits && read_parameters(value, out.parameters);
        } else if (name == "max_rows" && value.is_number_integer() && value > 0) {
            out.max_rows = value.is_number_unsigned()
                               ? int64_t(std::min(value.get<uint64_t>(), uint64_t(INT64_MAX)))
                               : value.get<int64_t>();
        } else {
            fits = false;
        }
    }
    if (!fits)
        return std::unexpected(error_response(
            400, ErrorCode::kInvalidArgument,
            "a query has sql and, if need be, max_rows, a whole number from 1, and parameters, an "
            "array or object of texts, numbers, booleans and null; the body has more",
            R"(Send {"sql": "select $1", "parameters": [7], "max_rows": 100}.)"));
    return out;
}

}  // namespace

void SqlTicket::cancel() {
    cancelled_.store(true);
    MutexLock lock(mutex_);
    if (session_) session_->interrupt();
}

SqlService::SqlService(const ServerOptions& options, const Platform& context)
    : options_(options), context_(context), queue_(kWaiting) {
    for (int i = 0; i < std::max(1, options.sql_slots); ++i)
        slots_.emplace_back([this] { run_slot(); });
}

SqlService::~SqlService() { stop(); }

void SqlService::stop() {
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

std::shared_ptr<SqlTicket> SqlService::submit(const std::string& body, std::string_view accept,
                                              const net::Principal& who, Done done) {
    auto ticket = std::make_shared<SqlTicket>();
    auto request = read_request(body);
    if (!request) {
        done(std::move(request.error()));
        return ticket;
    }
    Job job;
    job.who = who;
    job.sql = std::move(request->sql);
    job.parameters = std::move(request->parameters);
    job.max_rows = std::min<int64_t>(request->max_rows, options_.sql_max_rows);
    job.accept = accept;
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

void SqlService::run_slot() {
    while (auto job = queue_.pop())
        job->done(run(*job));
}

Response SqlService::run(const Job& job) {
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
    const auto form = form_of(job.accept);
    sql::QueryLimits limits{.max_rows = job.max_rows, .timeout = options_.sql_timeout};
    const auto logged = context_.queries ? context_.queries->begin(job.sql) : 0;
    auto stats = job.ticket->cancelled()
                     ? Result<sql::QueryStats>(fail(cancelled))
                     : (*session)->query(job.sql, job.parameters, limits, form->sink());
    {
        MutexLock lock(job.ticket->mutex_);
        job.ticket->session_ = nullptr;
    }
    if (context_.queries) context_.queries->end(logged, stats);
    if (!stats) return error_response(stats.error());
    return form->finish(*stats);
}

}  // namespace tarn::server
