// Where one event is.

#include "trace.h"
#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> follow(const RouteContext& context, const Call& call) {
    return trace(context.platform, call.target);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/trace", Operation::kRead, "topic", follow},
};

}  // namespace

std::span<const Route> trace_routes() { return kRoutes; }

}  // namespace tarn::server
