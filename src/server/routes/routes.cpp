#include <fmt/format.h>

#include "routes/route.h"
#include "tarn/flow/error_ids.h"
#include "tarn/lake/error_ids.h"
#include "tarn/log/error_ids.h"
#include "tarn/view/error_ids.h"

namespace tarn::server {
namespace {

// The nouns of the API, a line each.
constexpr std::span<const Route> (*kNouns[])() = {
    health_routes,  //
    platform_routes, topic_routes, table_routes, flow_routes,  run_routes,
    view_routes,     sql_routes,   error_routes, trace_routes, demo_routes,
};

// The segments in braces, if the pattern fits the path.
bool fits(std::string_view pattern, const std::vector<std::string>& path,
          std::vector<std::string>& parameters) {
    parameters.clear();
    for (const auto& segment : path) {
        if (!pattern.starts_with('/')) return false;
        pattern.remove_prefix(1);
        auto part = pattern.substr(0, pattern.find('/'));
        pattern.remove_prefix(part.size());
        if (part.starts_with('{'))
            parameters.push_back(segment);
        else if (part != segment)
            return false;
    }
    return pattern.empty();
}

// A stream of events has no end, so it has no head alone.
bool takes(const Route& route, std::string_view method) {
    return route.method == method ||
           (method == "HEAD" && route.method == "GET" && route.answer == Answer::kPlain);
}

}  // namespace

std::vector<std::span<const Route>> all_routes() {
    std::vector<std::span<const Route>> out;
    for (auto noun : kNouns)
        out.push_back(noun());
    return out;
}

RouteMatch find_route(std::string_view method, const Target& target) {
    RouteMatch match;
    for (auto noun : kNouns) {
        for (const auto& route : noun()) {
            if (!takes(route, method) || !fits(route.path, target.path, match.parameters)) continue;
            match.route = &route;
            return match;
        }
    }
    return {};
}

std::string allowed_methods(const Target& target) {
    std::string allow;
    std::vector<std::string> parameters;
    for (auto noun : kNouns) {
        for (const auto& route : noun()) {
            if (!fits(route.path, target.path, parameters)) continue;
            allow += fmt::format("{}{}", allow.empty() ? "" : ", ", route.method);
            if (takes(route, "HEAD")) allow += ", HEAD";
        }
    }
    return allow;
}

Error not_found(std::string_view kind, std::string_view name) {
    const auto& id = kind == "topic"   ? errors::kNoTopic
                     : kind == "table" ? errors::kNoTable
                     : kind == "flow"  ? errors::kNoFlow
                     : kind == "view"  ? errors::kNoView
                                       : errors::kNotFound;
    return Error(id, fmt::format("there is no {} named '{}'", kind, name));
}

}  // namespace tarn::server
