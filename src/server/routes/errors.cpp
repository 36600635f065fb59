// What the id of an error means.

#include <fmt/format.h>

#include "api_json.h"
#include "host_names.h"
#include "tarn/server/error_ids.h"

namespace tarn::server {
namespace {

// What docs/errors says of an id.
Result<Response> error_meaning(const RouteContext& context, const Call& call) {
    const auto& id = call.parameters[0];
    const auto* found = context.platform.errors.find(id);
    if (!found) return fail(errors::kUnknownErrorId, fmt::format("there is no error '{}'", id));
    JsonWriter json;
    json.begin_object().field("id", to_string(*found)).field("code", to_string(found->code));
    json.field("title", found->title).field("cause", found->cause).field("todo", found->todo);
    return json_response(json.end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/errors/{id}", Operation::kDescribe, "error", error_meaning},
};

}  // namespace

std::span<const Route> errors_routes() { return kRoutes; }

}  // namespace tarn::server
