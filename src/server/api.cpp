#include "api.h"

#include <fmt/format.h>

namespace tarn::server {
namespace {

Response method_refused(const std::string& method, const std::string& allow) {
    const bool post = allow == "POST";
    auto response = post ? error_response(405, ErrorCode::kInvalidArgument,
                                          "this address takes POST only", "Send a POST.")
                         : error_response(405, ErrorCode::kInvalidArgument,
                                          fmt::format("{} is not possible here", method),
                                          fmt::format("Send one of: {}.", allow));
    response.headers.emplace_back("Allow", allow);
    return response;
}

}  // namespace

Api::Api(const ServerOptions& options, const Platform& platform, Sampler& sampler, EventHub& events)
    : context_{options, platform, sampler, events, ready_} {}

bool Api::owns(const Target& target) {
    return !target.path.empty() && (target.path[0] == "api" || find_route("GET", target).known);
}

Result<Api::Found> Api::find(const Request& request, const Target& target) const {
    auto match = find_route(request.method, target);
    if (!match.known)
        return fail(ErrorId::kNoAddress,
                    fmt::format("there is nothing at {}; /api/v1/openapi.yaml lists all addresses",
                                request.target.substr(0, 200)));
    if (!match.route) return Found{.refusal = method_refused(request.method, match.allow)};
    TARN_RETURN_IF_ERROR(
        authorize({}, match.route->operation, match.route->resource, match.parameters));
    return Found{.route = match.route, .parameters = std::move(match.parameters)};
}

Response Api::handle(const Request& request) {
    auto target = parse_target(request.target);
    if (!target) return error_response(target.error());
    auto found = find(request, *target);
    if (!found) return error_response(found.error());
    if (found->refusal) return std::move(*found->refusal);
    auto response = found->route->handle(
        context_, {request, *target, std::move(found->parameters), Principal()});
    if (!response) return error_response(response.error());
    return std::move(*response);
}

}  // namespace tarn::server
