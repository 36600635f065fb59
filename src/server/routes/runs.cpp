// Finished epochs of flows.

#include "api_json.h"
#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> list_runs(const RouteContext& context, const Call& call) {
    TARN_TRY(const int64_t limit, number_parameter(call.target, "limit", 50, 1, 1000));
    JsonWriter json;
    json.begin_object().key("runs").begin_array();
    auto flow = call.target.query.find("flow");
    int64_t count = 0;
    for (const auto& run :
         context.platform.flows.runs(flow == call.target.query.end() ? size_t(limit) : SIZE_MAX)) {
        if (count == limit) break;
        if (flow != call.target.query.end() && run.flow != flow->second) continue;
        write_json(json, run);
        ++count;
    }
    json.end_array().end_object();
    return json_response(json.take());
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/runs", Operation::kDescribe, "run", list_runs},
};

}  // namespace

std::span<const Route> runs_routes() { return kRoutes; }

}  // namespace tarn::server
