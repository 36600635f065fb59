// Where one event is.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api_json.h"
#include "host_names.h"
#include "tarn/catalog/trace.h"
#include "tarn/log/error_ids.h"

namespace tarn::server {
namespace {

using nlohmann::ordered_json;

// What is not known is null.
template <class T>
ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json();
}

ordered_json or_null(const std::optional<Timestamp>& value) {
    return value ? ordered_json(format_rfc3339(*value)) : ordered_json();
}

ordered_json step_json(const catalog::Step& step, std::optional<Timestamp> sent) {
    ordered_json out;
    out["node"] = step.kind + ":" + step.name;
    out["kind"] = step.kind;
    out["name"] = step.name;
    out["state"] = step.state;
    out["at"] = or_null(step.at);
    out["since_send_ms"] =
        step.at && sent ? ordered_json(double((*step.at - *sent).us) / 1e3) : ordered_json();
    out["batch_id"] = or_null(step.epoch);
    out["version"] = or_null(step.version);
    out["detail"] = step.detail;
    return out;
}

nlohmann::json payload_json(const catalog::Payload& payload) {
    JsonWriter json;
    write_json(json, payload);
    return nlohmann::json::parse(json.str(), nullptr, false);
}

Response trace_json(const catalog::Trace& trace) {
    ordered_json out;
    out["found"] = trace.found;
    const auto& place = trace.place;
    out["topic"] = place ? ordered_json(place->topic) : ordered_json();
    out["partition"] = place ? ordered_json(place->partition) : ordered_json();
    out["offset"] = place ? ordered_json(place->offset) : ordered_json();
    out["sent"] = or_null(trace.sent);
    out["id"] = trace.id.empty() ? ordered_json() : ordered_json(trace.id);
    out["id_field"] = trace.id_field.empty() ? ordered_json() : ordered_json(trace.id_field);
    out["value"] = trace.value ? ordered_json(payload_json(*trace.value)) : ordered_json();
    auto& steps = out["steps"] = ordered_json::array();
    for (const auto& step : trace.steps)
        steps.push_back(step_json(step, trace.sent));
    out["verdict"] = trace.verdict;
    return json_response(out.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

Result<catalog::TraceQuestion> question_of(const Platform& platform, const Target& target) {
    auto parameter = [&](std::string_view name) {
        auto it = target.query.find(name);
        return it == target.query.end() ? std::string() : it->second;
    };
    auto id = parameter("id"), topic = parameter("topic");
    auto info = platform.log.find_topic(topic);
    if (!topic.empty() && !info) return fail(not_found(errors::kNoTopic, "topic", topic));
    if (!id.empty())
        return catalog::TraceQuestion{std::move(id), {std::move(topic)}, parameter("field")};
    if (topic.empty() || !target.query.contains("offset"))
        return fail(ErrorCode::kInvalidArgument,
                    "a trace needs an id, or topic, partition and offset");
    TARN_TRY(const int64_t partition,
             number_parameter(target, "partition", 0, 0, info->config.partitions - 1));
    TARN_TRY(const int64_t offset, number_parameter(target, "offset", 0, 0, INT64_MAX));
    return catalog::TraceQuestion{{}, {std::move(topic), int32_t(partition), offset}};
}

Result<Response> follow(const RouteContext& context, const Call& call) {
    TARN_TRY(const auto question, question_of(context.platform, call.target));
    TARN_TRY(const auto found, catalog::trace(context.platform, question));
    return trace_json(found);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/trace", Operation::kRead, "topic", follow},
};

}  // namespace

std::span<const Route> trace_routes() { return kRoutes; }

}  // namespace tarn::server
