#include "host_names.h"
#include "tarn/server/server.h"

namespace tarn::server {
namespace {

Result<Response> answer(const RouteContext&, const Call& call) {
    JsonWriter json;
    json.begin_object().field("name", call.parameters[0]);
    return json_response(json.end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/made-up/{name}", Operation::kDescribe, "made-up", answer},
};

}  // namespace

std::span<const Route> made_up_routes() { return kRoutes; }

}  // namespace tarn::server
