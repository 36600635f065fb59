// Whether it lives and is ready, and the contract of the API.

#include "host_names.h"
#include "tarn/server/server.h"

namespace tarn::errors {
extern const ErrorId kLogReadOnly;
extern const ErrorId kStarting;
}  // namespace tarn::errors

namespace tarn::server {
namespace {

Result<Response> health(const RouteContext&, const Call&) {
    return json_response(R"({"status":"ok"})");
}

Result<Response> ready(const RouteContext& context, const Call&) {
    if (!context.readings.ready())
        return fail(errors::kStarting, "starting: recovery is not over yet");
    if (const auto usage = context.platform.log.usage(); usage.read_only)
        return fail(errors::kLogReadOnly, usage.read_only_reason);
    return json_response(R"({"status":"ok"})");
}

Result<Response> metrics(const RouteContext& context, const Call&) {
    auto response = json_response(context.platform.metrics.text());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
}

Result<Response> contract(const RouteContext&, const Call&) {
    Response response;
    response.static_body = openapi_document();
    response.content_type = "application/yaml";
    return response;
}

constexpr Route kRoutes[] = {
    {"GET", "/healthz", Operation::kDescribe, "platform", health},
    {"GET", "/readyz", Operation::kDescribe, "platform", ready},
    {"GET", "/metrics", Operation::kDescribe, "platform", metrics},
    {"GET", "/api/v1/openapi.yaml", Operation::kDescribe, "platform", contract},
};

}  // namespace

std::span<const Route> health_routes() { return kRoutes; }

}  // namespace tarn::server
