// Topics, and records of one for people.

#include "api_json.h"
#include "host_names.h"
#include "records.h"
#include "tarn/log/error_ids.h"

namespace tarn::server {
namespace {

Result<Response> list_topics(const RouteContext& context, const Call& call) {
    auto it = call.target.query.find("internal");
    const bool internal = it != call.target.query.end() && it->second == "true";
    JsonWriter json;
    json.begin_object().key("topics").begin_array();
    for (const auto& topic : context.platform.log.topics())
        if (internal || !topic.internal)
            write_json(json, topic, context.platform.log,
                       context.readings.per_second("topic:" + topic.name));
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> describe_topic(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    auto info = context.platform.log.find_topic(name);
    if (!info) return fail(not_found(errors::kNoTopic, "topic", name));
    JsonWriter json;
    write_json(json, *info, context.platform.log, context.readings.per_second("topic:" + name));
    return json_response(json.take());
}

Result<Response> topic_records(const RouteContext& context, const Call& call) {
    return read_records(context.platform, call.parameters[0], call.target);
}

Result<Response> send_record(const RouteContext& context, const Call& call) {
    return produce_record(context.platform, call.parameters[0], call.request);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/topics", Operation::kDescribe, "topic", list_topics},
    {"GET", "/api/v1/topics/{name}", Operation::kDescribe, "topic", describe_topic},
    {"GET", "/api/v1/topics/{name}/records", Operation::kRead, "topic", topic_records},
    {"POST", "/api/v1/topics/{name}/records", Operation::kWrite, "topic", send_record},
};

}  // namespace

std::span<const Route> topics_routes() { return kRoutes; }

}  // namespace tarn::server
