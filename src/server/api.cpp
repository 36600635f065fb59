#include "api.h"
#include "tarn/server/error_ids.h"

#include <fmt/format.h>

namespace tarn::server {

Api::Found Api::find(const Request& request, const Target& target) {
    auto match = find_route(request.method, target);
    if (match.route) {
        auto allowed =
            authorize({}, match.route->operation, match.route->resource, match.parameters);
        if (!allowed) return {.refusal = error_response(allowed.error())};
        return {.match = std::move(match)};
    }
    if (auto allow = allowed_methods(target); !allow.empty())
        return {.refusal = method_refused(request.method, allow)};
    if (target.path.empty() || target.path[0] != "api") return {};
    return {.refusal = error_response(Error(
                errors::kNoAddress,
                fmt::format("there is nothing at {}; /api/v1/openapi.yaml lists all addresses",
                            request.target.substr(0, 200))))};
}

Response Api::handle(const Request& request, const Target& target, RouteMatch match) const {
    auto response =
        match.route->handle(context_, {request, target, std::move(match.parameters), Principal()});
    if (!response) return error_response(response.error());
    return std::move(*response);
}

}  // namespace tarn::server
