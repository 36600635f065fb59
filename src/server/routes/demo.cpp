// The demo's supervisor: what it says, and commands to it.

#include "demo_api.h"
#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> state(const RouteContext& context, const Call&) {
    return json_response(demo_json(context.platform.demo));
}

Result<Response> command(const RouteContext& context, const Call& call) {
    return demo_command(context.platform.demo, call.parameters[0]);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/demo", Operation::kDescribe, "platform", state},
    {"POST", "/api/v1/demo/{action}", Operation::kAlter, "platform", command},
};

}  // namespace

std::span<const Route> demo_routes() { return kRoutes; }

}  // namespace tarn::server
