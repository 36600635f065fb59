// What the stream of events tells of the platform as a whole. Views are told of by their commits
// (events.h).

#include "api_json.h"
#include "graph_json.h"
#include "host_names.h"
#include "tarn/server/server.h"

namespace tarn::server {
namespace {

constexpr auto kSecond = Duration::seconds(1), kHalf = Duration::millis(500);

std::string flow_list(const RouteContext& context) {
    return flow_list_json(context.platform.flows.list());
}

// A line each, in the order in which who begins to listen is told.
constexpr host::EventSource kEvents[] = {
    {"status", kSecond, [](const RouteContext& context) { return context.readings.status(); }},
    {"flows", kHalf, flow_list},
    {"tables", kSecond, [](const RouteContext& context) { return context.readings.tables(); }},
    {"graph", kSecond, graph_json},
    {"ledger", kHalf, [](const RouteContext& context) { return context.readings.ledger(); }},
};

}  // namespace

std::span<const host::EventSource> events() { return kEvents; }

}  // namespace tarn::server
