// What the project, as it is on disk now, means for the flows that stand.

#include "api_json.h"
#include "tarn/host/change_json.h"

namespace tarn::server {
namespace {

Result<Response> plan(const RouteContext& context, const Call&) {
    if (!context.platform.flows.plan) return json_response(host::changes_json({}));
    TARN_TRY(auto changes, context.platform.flows.plan());
    return json_response(host::changes_json(changes));
}

Result<Response> reload(const RouteContext& context, const Call&) {
    bool reloaded = false;
    if (context.platform.flows.reload) {
        TARN_TRY(reloaded, context.platform.flows.reload());
    }
    JsonWriter json;
    return json_response(json.begin_object().field("reloaded", reloaded).end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/plan", Operation::kDescribe, "flow", plan},
    {"POST", "/api/v1/reload", Operation::kAlter, "flow", reload},
};

}  // namespace

std::span<const Route> plan_routes() { return kRoutes; }

}  // namespace tarn::server
