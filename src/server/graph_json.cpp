#include "graph_json.h"

#include <algorithm>

#include "tarn/catalog/graph.h"

namespace tarn::server {
namespace {

void write_node(JsonWriter& out, const catalog::Node& node, Timestamp now) {
    const bool layered = node.kind == "table" || node.kind == "view";
    const auto dot = node.name.find('.');
    out.begin_object().field("id", node.id()).field("kind", node.kind).field("name", node.name);
    out.field("layer", layered && dot != node.name.npos ? node.name.substr(0, dot) : "");
    out.field("state", node.state).field("reason", node.reason);
    out.field("records_per_second", node.per_second).field("lag", node.lag).key("lag_unit");
    node.lag_unit.empty() ? out.null() : out.text(node.lag_unit);
    out.field("freshness_ms",
              node.changed ? std::optional(std::max<int64_t>(0, (now.us - node.changed->us) / 1000))
                           : std::nullopt);
    out.field("bytes", node.bytes).field("rows", node.rows).field("detail", node.detail);
    out.end_object();
}

}  // namespace

std::string graph_json(const RouteContext& context) {
    const auto graph = catalog::graph(context.platform, context.readings);
    JsonWriter out;
    out.begin_object().field("as_of", graph.as_of).key("nodes").begin_array();
    for (const auto& node : graph.nodes)
        write_node(out, node, graph.as_of);
    out.end_array().key("edges").begin_array();
    for (const auto& edge : graph.edges) {
        out.begin_object().field("from", edge.from).field("to", edge.to);
        out.field("records_per_second", edge.per_second).end_object();
    }
    out.end_array().end_object();
    return out.take();
}

}  // namespace tarn::server
