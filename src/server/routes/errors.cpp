// What the id of an error means.

#include <fmt/format.h>

#include "api_json.h"
#include "json_writer.h"
#include "routes/route.h"

namespace tarn::server {
namespace {

// What docs/errors says of an id.
Result<Response> error_meaning(const RouteContext&, const Call& call) {
    const auto& id = call.parameters[0];
    auto found = find_error(id);
    if (!found) return fail(ErrorId::kUnknownErrorId, fmt::format("there is no error '{}'", id));
    const auto& entry = error_entry(*found);
    JsonWriter json;
    json.begin_object().field("id", entry.text).field("code", to_string(entry.code));
    json.field("title", entry.title).field("cause", entry.cause).field("todo", entry.todo);
    return json_response(json.end_object().take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/errors/{id}", Operation::kDescribe, "error", error_meaning},
};

}  // namespace

std::span<const Route> error_routes() { return kRoutes; }

}  // namespace tarn::server
