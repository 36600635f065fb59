#include "tarn/host/route.h"

#include <fmt/format.h>

namespace tarn::host {
namespace {

// Takes the first segment of a pattern off it.
std::string_view take_segment(std::string_view& pattern) {
    pattern.remove_prefix(1);
    auto segment = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(segment.size());
    return segment;
}

bool fits(std::string_view pattern, const std::vector<std::string>& path) {
    for (const auto& segment : path) {
        if (pattern.empty()) return false;
        const auto part = take_segment(pattern);
        if (!part.starts_with('{') && part != segment) return false;
    }
    return pattern.empty();
}

// Of two patterns that fit the same path, whether the first says more of it.
bool is_closer(std::string_view pattern, std::string_view other) {
    while (!pattern.empty() && !other.empty()) {
        const bool braces = take_segment(pattern).starts_with('{');
        if (braces != take_segment(other).starts_with('{')) return !braces;
    }
    return false;
}

// A stream of events has no end, so it has no head alone.
bool takes(const Route& route, std::string_view method) {
    return route.method == method ||
           (method == "HEAD" && route.method == "GET" && route.answer == Answer::kPlain);
}

}  // namespace

// The pattern of the address that is meant; empty if there is none.
std::string_view RouteTable::address_of(const Target& target) const {
    std::string_view meant;
    for (const auto& route : rows_)
        if (fits(route.path, target.path) && (meant.empty() || is_closer(route.path, meant)))
            meant = route.path;
    return meant;
}

RouteMatch RouteTable::find(std::string_view method, const Target& target) const {
    const auto address = address_of(target);
    for (const auto& route : rows_) {
        if (route.path != address || !takes(route, method)) continue;
        RouteMatch match{.route = &route};
        std::string_view rest = address;
        for (const auto& segment : target.path)
            if (take_segment(rest).starts_with('{')) match.parameters.push_back(segment);
        return match;
    }
    return {};
}

std::optional<Response> RouteTable::refusal(std::string_view method, const Target& target) const {
    const auto address = address_of(target);
    std::string allow;
    std::string_view example;
    for (const auto& route : rows_) {
        if (address.empty() || route.path != address) continue;
        allow += fmt::format("{}{}", allow.empty() ? "" : ", ", route.method);
        if (takes(route, "HEAD")) allow += ", HEAD";
        if (!route.example.empty()) example = route.example;
    }
    if (allow.empty()) return std::nullopt;
    return method_refused(method, allow, example);
}

Error not_found(const ErrorId& id, std::string_view kind, std::string_view name) {
    return Error(id, fmt::format("there is no {} named '{}'", kind, name));
}

}  // namespace tarn::host
