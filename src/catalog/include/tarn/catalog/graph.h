#pragma once

// The platform's map: producers, topics, flows, tables, views and the page, with what flows between
// them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/time.h"
#include "tarn/host/route.h"

namespace tarn::catalog {

// Kinds: producer (named after its topic), topic, flow, table, view, dashboard.
struct Node {
    Node(std::string kind_of, std::string name_of)
        : kind(std::move(kind_of)), name(std::move(name_of)) {}
    std::string kind, name;
    std::string state = "ok", reason;  // ok, idle, warn, error or paused
    std::optional<double> per_second;
    std::optional<int64_t> lag;
    std::string lag_unit;
    std::optional<Timestamp> changed;
    std::optional<uint64_t> bytes;
    std::optional<int64_t> rows;
    std::string detail;
    std::string id() const { return kind + ":" + name; }
};

struct Edge {
    std::string from, to;  // ids of nodes
    std::optional<double> per_second;
};

struct Graph {
    Timestamp as_of;
    std::vector<Node> nodes;
    std::vector<Edge> edges;
};

// As things are now; thread-safe.
Graph graph(const host::Platform& platform, const host::Readings& readings);

}  // namespace tarn::catalog
