// Tables of the lake: what they hold, their history and files.

#include "api_json.h"
#include "catalog.h"
#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> list_tables(const RouteContext& context, const Call&) {
    return json_response(context.readings.tables());
}

Result<Response> describe_table(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    TARN_TRY(const auto info, context.platform.lake.describe(name));
    JsonWriter json;
    write_json(json, info, context.readings.per_second("table:" + name));
    return json_response(json.take());
}

Result<Response> history(const RouteContext& context, const Call& call) {
    const auto& name = call.parameters[0];
    TARN_TRY(const int64_t limit, number_parameter(call.target, "limit", 50, 1, 1000));
    TARN_TRY(const auto entries, context.platform.lake.history(name, limit));
    JsonWriter json;
    json.begin_object().field("table", name).key("commits").begin_array();
    for (const auto& entry : entries)
        write_json(json, entry);
    json.end_array().end_object();
    return json_response(json.take());
}

Result<Response> files(const RouteContext& context, const Call& call) {
    return table_files(context.platform, call.parameters[0], call.target);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/tables", Operation::kDescribe, "table", list_tables},
    {"GET", "/api/v1/tables/{name}", Operation::kDescribe, "table", describe_table},
    {"GET", "/api/v1/tables/{name}/history", Operation::kDescribe, "table", history},
    {"GET", "/api/v1/tables/{name}/files", Operation::kDescribe, "table", files},
};

}  // namespace

std::span<const Route> tables_routes() { return kRoutes; }

}  // namespace tarn::server
