// Consumer groups: who reads topics from outside, and how far behind they are.

#include "tarn/kafka/groups.h"
#include "host_names.h"
#include "tarn/kafka/error_ids.h"

namespace tarn::server {
namespace {

void write_state(JsonWriter& json, const kafka::GroupInfo& group) {
    json.field("name", group.name).field("state", group.state);
    json.field("protocol_type", group.protocol_type).field("protocol", group.protocol);
    json.field("generation", group.generation).field("lag", group.lag());
}

void write_summary(JsonWriter& json, const kafka::GroupInfo& group) {
    json.begin_object();
    write_state(json, group);
    json.field("members", group.members.size()).key("topics").begin_array();
    for (const auto& topic : group.topics()) {
        json.begin_object().field("name", topic.name).field("partitions", topic.partitions);
        json.field("lag", topic.lag).field("missed", topic.missed).end_object();
    }
    json.end_array().end_object();
}

void write_whole(JsonWriter& json, const kafka::GroupInfo& group) {
    json.begin_object();
    write_state(json, group);
    json.key("members").begin_array();
    for (const auto& m : group.members) {
        json.begin_object().field("id", m.id).field("client_id", m.client_id);
        json.field("host", m.host).key("instance_id");
        m.instance_id ? json.text(*m.instance_id) : json.null();
        json.field("partitions", m.partitions).end_object();
    }
    json.end_array().key("partitions").begin_array();
    for (const auto& p : group.partitions) {
        json.begin_object().field("topic", p.topic).field("partition", p.partition);
        json.field("committed_offset", p.committed).field("committed_at", p.committed_at);
        json.field("log_start_offset", p.log_start).field("log_end_offset", p.log_end);
        json.field("lag", p.lag()).field("missed", p.missed()).key("member");
        p.member.empty() ? json.null() : json.text(p.member);
        json.end_object();
    }
    json.end_array().end_object();
}

Result<Response> list_groups(const RouteContext& context, const Call&) {
    JsonWriter json;
    json.begin_object().key("groups").begin_array();
    if (const auto& list = context.platform.groups.list)
        for (const auto& group : list())
            write_summary(json, group);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> describe_group(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    const auto& describe = context.platform.groups.describe;
    const auto group = describe ? describe(name) : std::nullopt;
    if (!group) return fail(not_found(errors::kNoGroup, "consumer group", name));
    JsonWriter json;
    write_whole(json, *group);
    return json_response(json.take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/groups", Operation::kDescribe, "group", list_groups},
    {"GET", "/api/v1/groups/{name}", Operation::kDescribe, "group", describe_group},
};

}  // namespace

std::span<const Route> groups_routes() { return kRoutes; }

}  // namespace tarn::server
