#include "api.h"

#include <charconv>

#include <fmt/format.h>

#include "api_json.h"
#include "assets.h"
#include "catalog.h"
#include "demo_door.h"
#include "graph.h"
#include "records.h"
#include "trace.h"
#include "why.h"

namespace tarn::server {
namespace {

Response json_response(std::string body) {
    Response response;
    response.body = std::move(body);
    return response;
}

// What docs/errors says of an id.
Result<Response> error_meaning(const std::string& id) {
    auto found = find_error(id);
    if (!found) return fail(ErrorId::kUnknownErrorId, fmt::format("there is no error '{}'", id));
    const auto& entry = error_entry(*found);
    JsonWriter json;
    json.begin_object().field("id", entry.text).field("code", to_string(entry.code));
    json.field("title", entry.title).field("cause", entry.cause).field("todo", entry.todo);
    return json_response(json.end_object().take());
}

Error not_found(std::string_view what, std::string_view name) {
    auto id = what == "topic"   ? ErrorId::kNoTopic
              : what == "table" ? ErrorId::kNoTable
              : what == "flow"  ? ErrorId::kNoFlow
              : what == "view"  ? ErrorId::kNoView
                                : ErrorId::kNotFound;
    return Error(id, fmt::format("there is no {} named '{}'", what, name));
}

Result<int> digits(std::string_view text, size_t at, size_t n) {
    int value = 0;
    for (size_t i = at; i < at + n; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9')
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("'{}' is no instant: write it as 2026-01-31T23:59:59Z", text));
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms").
int64_t days_from_civil(int y, int m, int d) {
    y -= m <= 2;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

}  // namespace

Result<int64_t> number_parameter(const Target& target, std::string_view name, int64_t otherwise,
                                 int64_t min, int64_t max) {
    auto it = target.query.find(name);
    if (it == target.query.end()) return otherwise;
    int64_t value = 0;
    const auto& text = it->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the parameter {} must be a number from {} to {}: '{}'", name, min,
                                max, text));
    return value;
}

Result<Timestamp> parse_instant(std::string_view text) {
    TARN_TRY(const int year, digits(text, 0, 4));
    TARN_TRY(const int month, digits(text, 5, 2));
    TARN_TRY(const int day, digits(text, 8, 2));
    TARN_TRY(const int hour, digits(text, 11, 2));
    TARN_TRY(const int minute, digits(text, 14, 2));
    TARN_TRY(const int second, digits(text, 17, 2));
    size_t at = 19;
    int64_t us = 0;
    if (at < text.size() && text[at] == '.') {
        int64_t unit = 100'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
            us += unit * (text[at] - '0');
    }
    int64_t offset_minutes = 0;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        TARN_TRY(const int hours, digits(text, at + 1, 2));
        TARN_TRY(const int minutes, digits(text, at + 4, 2));
        offset_minutes = (text[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
        at += 6;
    } else if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        at += 1;
    } else {
        at = text.npos;
    }
    if (at != text.size() || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("'{}' is no instant: write it as 2026-01-31T23:59:59Z", text));
    const int64_t minutes =
        (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    return Timestamp{(minutes * 60 + second) * 1'000'000 + us};
}

Api::Api(const ServerOptions& options, const Platform& context, Sampler& sampler, EventHub& events)
    : options_(options), context_(context), sampler_(sampler), events_(events) {}

bool Api::owns(const Target& target) {
    if (target.path.empty()) return false;
    const auto& first = target.path[0];
    return first == "api" || (target.path.size() == 1 &&
                              (first == "healthz" || first == "readyz" || first == "metrics"));
}

Response Api::handle(const Request& request) {
    auto target = parse_target(request.target);
    if (!target) return error_response(target.error());
    auto response = route(request, *target);
    if (!response) return error_response(response.error());
    return std::move(*response);
}

Result<Response> Api::route(const Request& request, const Target& target) {
    const auto& path = target.path;
    const bool post = request.method == "POST";
    if (path.size() == 5 && path[0] == "api" && path[1] == "v1" && path[2] == "flows" &&
        (path[4] == "pause" || path[4] == "resume")) {
        if (!post)
            return error_response(405, ErrorCode::kInvalidArgument, "this address takes POST only",
                                  "Send a POST.");
        TARN_RETURN_IF_ERROR(path[4] == "pause" ? context_.flows.pause(path[3])
                                                : context_.flows.resume(path[3]));
        return flow(path[3]);
    }
    if (post && path.size() == 5 && path[0] == "api" && path[1] == "v1" && path[2] == "topics" &&
        path[4] == "records")
        return produce_record(context_, path[3], request);
    if (post && path.size() == 4 && path[0] == "api" && path[1] == "v1" && path[2] == "demo")
        return demo_command(context_.demo, path[3]);
    if (request.method != "GET" && request.method != "HEAD")
        return error_response(405, ErrorCode::kInvalidArgument,
                              fmt::format("{} is not possible here", request.method),
                              "Send a GET.");
    if (path.size() == 1 && path[0] == "healthz") return json_response(R"({"status":"ok"})");
    if (path.size() == 1 && path[0] == "readyz") {
        if (ready_) return json_response(R"({"status":"ok"})");
        return fail(ErrorId::kStarting, "starting: recovery is not over yet");
    }
    if (path.size() == 1 && path[0] == "metrics") {
        auto response = json_response(context_.metrics.text());
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return response;
    }
    if (path.size() >= 3 && path[0] == "api" && path[1] == "v1")
        return get({path.begin() + 2, path.end()}, target);
    return fail(ErrorId::kNoAddress,
                fmt::format("there is nothing at {}", request.target.substr(0, 200)));
}

Result<Response> Api::get(const Segments& path, const Target& target) {
    const auto& noun = path[0];
    if (path.size() == 1) {
        if (noun == "openapi.yaml") {
            Response response;
            response.static_body = openapi_document();
            response.content_type = "application/yaml";
            return response;
        }
        if (noun == "status") return json_response(sampler_.status_json(ready_));
        if (noun == "topics") return topics(target);
        if (noun == "tables") return json_response(sampler_.tables_json());
        if (noun == "flows") return json_response(flow_list_json(context_.flows.list()));
        if (noun == "views") return views();
        if (noun == "graph") return json_response(graph_json(context_, sampler_));
        if (noun == "runs") return runs(target);
        if (noun == "demo") return json_response(demo_json(context_.demo));
        if (noun == "trace") return trace(context_, target);
        if (noun == "ledger") return json_response(events_.ledger_json());
        if (noun == "catalog") return catalog(context_);
    }
    if (path.size() == 2) {
        if (noun == "topics") return topic(path[1]);
        if (noun == "tables") return table(path[1]);
        if (noun == "flows") return flow(path[1]);
        if (noun == "views") return view(path[1]);
        if (noun == "errors") return error_meaning(path[1]);
    }
    if (path.size() == 3) {
        if (noun == "topics" && path[2] == "records")
            return read_records(context_, path[1], target);
        if (noun == "tables" && path[2] == "history") return history(path[1], target);
        if (noun == "tables" && path[2] == "files") return table_files(context_, path[1], target);
        if (noun == "flows" && path[2] == "why") return flow_why(path[1]);
        if (noun == "views" && path[2] == "rows") return view_rows(path[1], target);
    }
    return fail(ErrorId::kNoAddress,
                "the API has no such address; /api/v1/openapi.yaml lists them all");
}

Result<Response> Api::topics(const Target& target) {
    auto it = target.query.find("internal");
    const bool internal = it != target.query.end() && it->second == "true";
    JsonWriter json;
    json.begin_object().key("topics").begin_array();
    for (const auto& topic : context_.log.topics())
        if (internal || !topic.internal)
            write_json(json, topic, context_.log, sampler_.per_second("topic:" + topic.name));
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> Api::topic(const std::string& name) {
    auto info = context_.log.find_topic(name);
    if (!info) return fail(not_found("topic", name));
    JsonWriter json;
    write_json(json, *info, context_.log, sampler_.per_second("topic:" + name));
    return json_response(json.take());
}

Result<Response> Api::table(const std::string& name) {
    TARN_TRY(const auto info, context_.lake.describe(name));
    JsonWriter json;
    write_json(json, info, sampler_.per_second("table:" + name));
    return json_response(json.take());
}

Result<Response> Api::history(const std::string& name, const Target& target) {
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 50, 1, 1000));
    TARN_TRY(const auto entries, context_.lake.history(name, limit));
    JsonWriter json;
    json.begin_object().field("table", name).key("commits").begin_array();
    for (const auto& entry : entries)
        write_json(json, entry);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> Api::flow(const std::string& name) {
    auto status = context_.flows.describe(name);
    if (!status) return fail(not_found("flow", name));
    JsonWriter json;
    write_json(json, *status);
    return json_response(json.take());
}

Result<Response> Api::flow_why(const std::string& name) {
    auto status = context_.flows.describe(name);
    if (!status) return fail(not_found("flow", name));
    auto said = why(*status, context_.clock.now());
    JsonWriter json;
    json.begin_object().field("advancing", said.advancing).field("sentence", said.sentence);
    return json_response(json.field("todo", said.todo).end_object().take());
}

Result<Response> Api::runs(const Target& target) {
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 50, 1, 1000));
    JsonWriter json;
    json.begin_object().key("runs").begin_array();
    auto flow = target.query.find("flow");
    int64_t count = 0;
    for (const auto& run :
         context_.flows.runs(flow == target.query.end() ? size_t(limit) : SIZE_MAX)) {
        if (count == limit) break;
        if (flow != target.query.end() && run.flow != flow->second) continue;
        write_json(json, run);
        ++count;
    }
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> Api::views() {
    JsonWriter json;
    json.begin_object().key("views").begin_array();
    for (const auto& name : context_.views.names())
        if (auto view = context_.views.find(name)) write_json(json, *view);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> Api::view(const std::string& name) {
    auto view = context_.views.find(name);
    if (!view) return fail(not_found("view", name));
    JsonWriter json;
    write_json(json, *view);
    return json_response(json.take());
}

Result<Response> Api::view_rows(const std::string& name, const Target& target) {
    auto view = context_.views.find(name);
    if (!view) return fail(not_found("view", name));
    TARN_TRY(const int64_t limit, number_parameter(target, "limit", 1000, 1, 50'000));
    view::ScanRange range{.from = {}, .to = {}, .limit = SIZE_MAX, .newest_first = true};
    const auto& spec = view->spec();
    for (auto [key, bound] : {std::pair{"from", &range.from}, std::pair{"to", &range.to}}) {
        auto it = target.query.find(std::string_view(key));
        if (it == target.query.end()) continue;
        if (spec.key.empty() ||
            spec.columns[size_t(spec.key[0])].type != codec::ColumnType::kTimestamp)
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("the view {} has no time as its first key: leave out from and to",
                            name));
        TARN_TRY(*bound, parse_instant(it->second));
    }
    int column = -1;
    std::string wanted;
    if (auto it = target.query.find("where"); it != target.query.end()) {
        const size_t equal = it->second.find('=');
        for (size_t i = 0; i < spec.columns.size(); ++i)
            if (spec.columns[i].name == it->second.substr(0, equal)) column = int(i);
        if (equal == std::string::npos || column < 0)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("where must be column=value with a column of {}: '{}'", name,
                                    it->second));
        wanted = it->second.substr(equal + 1);
    } else {
        range.limit = size_t(limit) + 1;
    }
    const auto state = view->state();  // before the rows: they are of this epoch or a newer one
    TARN_TRY(const auto batch, view->scan(range));
    JsonWriter json;
    json.begin_object().field("view", name);
    json.field("epoch", state.epoch < 0 ? std::nullopt : std::optional(state.epoch));
    json.field("committed", state.time.us > 0 ? std::optional(state.time) : std::nullopt);
    write_view_shape(json, spec);
    json.key("rows").begin_array();
    int64_t count = 0;
    bool truncated = false;
    for (size_t i = 0; i < batch->row_count; ++i) {
        if (column >= 0 && cell_text(batch->columns[size_t(column)], i) != wanted) continue;
        if (count == limit) {
            truncated = true;
            break;
        }
        write_row(json, *batch, i);
        ++count;
    }
    json.end_array().field("truncated", truncated).end_object();
    return json_response(json.take());
}

}  // namespace tarn::server
