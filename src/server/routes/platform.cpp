// The platform as a whole: its state, its map, its ledger, the names SQL knows, and events of all
// of these.

#include "graph_json.h"
#include "host_names.h"
#include "tarn/catalog/sql_names.h"
#include "tarn/sql/functions.h"

namespace tarn::server {
namespace {

Result<Response> status(const RouteContext& context, const Call&) {
    return json_response(context.readings.status());
}

Result<Response> graph(const RouteContext& context, const Call&) {
    return json_response(graph_json(context));
}

Result<Response> ledger(const RouteContext& context, const Call&) {
    return json_response(context.readings.ledger());
}

Result<Response> names(const RouteContext& context, const Call&) {
    JsonWriter json;
    json.begin_object().key("tables").begin_array();
    for (const auto& table : catalog::sql_tables(context.platform)) {
        json.begin_object().field("name", table.name).field("kind", table.kind);
        json.key("columns").begin_array();
        for (const auto& column : table.columns)
            json.begin_object()
                .field("name", column.name)
                .field("type", codec::to_string(column.type))
                .end_object();
        json.end_array().end_object();
    }
    json.end_array().key("functions").begin_array();
    for (auto function : sql::callable_functions(context.platform.sql))
        json.text(function);
    json.end_array().end_object();
    return json_response(json.take());
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
