// Flows: their state, why they stand still, pause and resume.

#include "api_json.h"
#include "host_names.h"
#include "tarn/catalog/why.h"
#include "tarn/flow/error_ids.h"

namespace tarn::server {
namespace {

Result<Response> list_flows(const RouteContext& context, const Call&) {
    return json_response(flow_list_json(context.platform.flows.list()));
}

Result<Response> describe_flow(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    auto status = context.platform.flows.describe(name);
    if (!status) return fail(not_found(errors::kNoFlow, "flow", name));
    JsonWriter json;
    write_json(json, *status);
    return json_response(json.take());
}

Result<Response> flow_why(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    auto status = context.platform.flows.describe(name);
    if (!status) return fail(not_found(errors::kNoFlow, "flow", name));
    auto said = catalog::why(*status, context.platform.clock.now());
    JsonWriter json;
    json.begin_object().field("advancing", said.advancing).field("sentence", said.sentence);
    return json_response(json.field("todo", said.todo).end_object().take());
}

Result<Response> pause(const RouteContext& context, const Call& call) {
    TARN_RETURN_IF_ERROR(context.platform.flows.pause(call.parameters[0]));
    return describe_flow(context, call);
}

Result<Response> resume(const RouteContext& context, const Call& call) {
    TARN_RETURN_IF_ERROR(context.platform.flows.resume(call.parameters[0]));
    return describe_flow(context, call);
}

Result<Response> rebuild(const RouteContext& context, const Call& call) {
    auto it = call.target.query.find(std::string_view("from_retained"));
    const bool from_retained = it != call.target.query.end() && it->second == "true";
    if (it != call.target.query.end() && !from_retained && it->second != "false")
        return fail(ErrorCode::kInvalidArgument,
                    "from_retained is true or false, not: " + it->second);
    if (!context.platform.flows.rebuild)
        return fail(not_found(errors::kNoFlow, "flow", call.parameters[0]));
    TARN_TRY(auto flows, context.platform.flows.rebuild(call.parameters[0], from_retained));
    JsonWriter json;
    json.begin_object().key("flows").begin_array();
    for (const auto& flow : flows)
        json.text(flow);
    return json_response(json.end_array().end_object().take());
}

Result<Response> drop(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    if (!context.platform.flows.drop) return fail(not_found(errors::kNoFlow, "flow", name));
    TARN_RETURN_IF_ERROR(context.platform.flows.drop(name));
    JsonWriter json;
    return json_response(json.begin_object().field("dropped", name).end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/flows", Operation::kDescribe, "flow", list_flows},
    {"GET", "/api/v1/flows/{name}", Operation::kDescribe, "flow", describe_flow},
    {"GET", "/api/v1/flows/{name}/why", Operation::kDescribe, "flow", flow_why},
    {"POST", "/api/v1/flows/{name}/pause", Operation::kAlter, "flow", pause},
    {"POST", "/api/v1/flows/{name}/resume", Operation::kAlter, "flow", resume},
    {"POST", "/api/v1/flows/{name}/rebuild", Operation::kAlter, "flow", rebuild},
    {"POST", "/api/v1/flows/{name}/drop", Operation::kAlter, "flow", drop},
};

}  // namespace

std::span<const Route> flows_routes() { return kRoutes; }

}  // namespace tarn::server
