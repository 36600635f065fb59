// The platform as a whole: its state, its map, its ledger, the names SQL knows, and events of all
// of these.

#include "catalog.h"
#include "graph.h"
#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> status(const RouteContext& context, const Call&) {
    return json_response(context.readings.status());
}

Result<Response> graph(const RouteContext& context, const Call&) {
    return json_response(graph_json(context.platform, context.readings));
}

Result<Response> ledger(const RouteContext& context, const Call&) {
    return json_response(context.readings.ledger());
}

Result<Response> names(const RouteContext& context, const Call&) {
    return catalog(context.platform);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/status", Operation::kDescribe, "platform", status},
    {"GET", "/api/v1/graph", Operation::kDescribe, "platform", graph},
    {"GET", "/api/v1/ledger", Operation::kDescribe, "platform", ledger},
    {"GET", "/api/v1/catalog", Operation::kDescribe, "platform", names},
    {"GET", "/api/v1/events", Operation::kDescribe, "platform", nullptr, Answer::kEvents},
};

}  // namespace

std::span<const Route> platform_routes() { return kRoutes; }

}  // namespace tarn::server
