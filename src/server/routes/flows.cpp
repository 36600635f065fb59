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

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/flows", Operation::kDescribe, "flow", list_flows},
    {"GET", "/api/v1/flows/{name}", Operation::kDescribe, "flow", describe_flow},
    {"GET", "/api/v1/flows/{name}/why", Operation::kDescribe, "flow", flow_why},
    {"POST", "/api/v1/flows/{name}/pause", Operation::kAlter, "flow", pause},
    {"POST", "/api/v1/flows/{name}/resume", Operation::kAlter, "flow", resume},
};

}  // namespace

std::span<const Route> flows_routes() { return kRoutes; }

}  // namespace tarn::server
