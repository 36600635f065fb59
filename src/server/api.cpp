#include "api.h"
#include "tarn/server/error_ids.h"

#include <fmt/format.h>

namespace tarn::server {

Api::Found Api::find(const Request& request, const Target& target, const Principal& who) const {
    auto match = routes_.find(request.method, target);
    if (match.route) {
        net::Resource named{match.route->resource};
        if (!match.parameters.empty()) named.name = match.parameters[0];
        auto allowed =
            net::authorize(context_.platform.authorizer, who, match.route->operation, named);
        if (!allowed) return {.refusal = error_response(allowed.error())};
        return {.match = std::move(match)};
    }
    if (auto refusal = routes_.refusal(request.method, target))
        return {.refusal = std::move(refusal)};
    if (target.path.empty() || target.path[0] != "api") return {};
    return {.refusal = error_response(Error(
                errors::kNoAddress,
                fmt::format("there is nothing at {}; /api/v1/openapi.yaml lists all addresses",
                            request.target.substr(0, 200))))};
}

Response Api::handle(const Request& request, const Target& target, RouteMatch match,
                     const Principal& who) const {
    // A handler throws by mistake alone; the process serves on.
    try {
        auto response =
            match.route->handle(context_, {request, target, std::move(match.parameters), who});
        if (!response) return error_response(response.error());
        return std::move(*response);
    } catch (const std::exception& error) {
        context_.platform.logger.error("an API call threw",
                                       {{"path", match.route->path}, {"reason", error.what()}});
        return error_response(Error(ErrorCode::kInternal, error.what()));
    }
}

}  // namespace tarn::server
