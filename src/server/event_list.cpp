// What the stream of events tells of the platform as a whole. Views are told of by their commits
// (events.h).

#include "api_json.h"
#include "graph.h"
#include "host_names.h"
#include "tarn/server/server.h"

namespace tarn::server {
namespace {

constexpr auto kSecond = Duration::seconds(1), kHalf = Duration::millis(500);

std::string flow_list(const RouteContext& context) {
    return flow_list_json(context.platform.flows.list());
}
std::string graph(const RouteContext& context) {
    return graph_json(context.platform, context.readings);
}

// A line each, in the order in which who begins to listen is told.
constexpr host::EventSource kEvents[] = {
    {"status", kSecond, [](const RouteContext& context) { return context.readings.status(); }},
    {"flows", kHalf, flow_list},
    {"tables", kSecond, [](const RouteContext& context) { return context.readings.tables(); }},
    {"graph", kSecond, graph},
    {"ledger", kHalf, [](const RouteContext& context) { return context.readings.ledger(); }},
};

}  // namespace

std::span<const host::EventSource> events() { return kEvents; }

}  // namespace tarn::server
