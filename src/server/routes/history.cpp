// What rates, lags and latencies were.

#include "host_names.h"

namespace tarn::server {
namespace {

Result<Response> history(const RouteContext& context, const Call& call) {
    const auto& query = call.target.query;
    const auto range = query.find("range");
    std::vector<std::string> names;
    if (const auto given = query.find("series"); given != query.end())
        for (std::string_view rest = given->second; !rest.empty();) {
            const auto comma = rest.find(',');
            if (comma != 0) names.emplace_back(rest.substr(0, comma));
            rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
        }
    TARN_TRY(auto json,
             context.readings.history(range == query.end() ? "5m" : range->second, names));
    return json_response(std::move(json));
}

constexpr Route kRoutes[] = {
    {"GET", "/api/v1/history", Operation::kDescribe, "platform", history},
};

}  // namespace

std::span<const Route> history_routes() { return kRoutes; }

}  // namespace tarn::server
