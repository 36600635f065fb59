#include "graph.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "host_names.h"
#include "sinks.h"
#include "topic_size.h"
#include "why.h"

namespace tarn::server {
namespace {

struct Node {
    Node(std::string kind_of, std::string name_of)
        : kind(std::move(kind_of)), name(std::move(name_of)) {}
    std::string kind, name;
    std::string state = "ok", reason;
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
    std::string from, to;
    std::optional<double> per_second;
};

class Picture {
  public:
    Picture(const Platform& platform, const Readings& readings)
        : platform_(platform), readings_(readings), now_(platform.clock.now()) {}

    void topics();
    void producers();
    void tables();
    void views();
    void flows();
    std::string json() const;

  private:
    void flow(const flow::FlowStatus& status);
    std::optional<double> written(const flow::FlowStatus& status, const std::string& sink);
    void add(Node node);
    void write(JsonWriter& out, const Node& node) const;

    const Platform& platform_;
    const Readings& readings_;
    const Timestamp now_;
    std::map<std::string, int> writers_;  // of each sink
    std::vector<Node> nodes_;
    std::unordered_map<std::string, size_t> places_;  // of nodes, by id
    std::vector<Edge> edges_;
};

void Picture::add(Node node) {
    places_.emplace(node.id(), nodes_.size());
    nodes_.push_back(std::move(node));
}

void Picture::topics() {
    const auto log = platform_.log.usage();
    for (const auto& topic : platform_.log.topics()) {
        if (topic.internal) continue;
        Node node("topic", topic.name);
        const auto size = size_of(topic, platform_.log);
        node.bytes = size.bytes;
        node.rows = size.kept;
        node.per_second = readings_.per_second(node.id());
        node.detail = fmt::format("{} partition{}", topic.config.partitions,
                                  topic.config.partitions == 1 ? "" : "s");
        if (log.read_only) {
            node.state = "error";
            node.reason = "the log takes no records: " + log.read_only_reason;
        }
        add(std::move(node));
    }
}

// Who sends is known only where producers keep a ledger.
void Picture::producers() {
    auto ledger = platform_.ledger ? platform_.ledger() : std::nullopt;
    if (!ledger) return;
    for (const auto& [topic, acknowledged] : ledger->acknowledged_by_topic) {
        auto rate = readings_.per_second("topic:" + topic);
        Node node("producer", topic);
        node.state = ledger->running ? "ok" : "idle";
        if (!ledger->running) node.reason = "no producer runs";
        node.rows = acknowledged;
        node.per_second = rate;
        edges_.push_back({node.id(), "topic:" + topic, rate});
        add(std::move(node));
    }
}

void Picture::tables() {
    for (const auto& name : platform_.lake.tables()) {
        Node node("table", name);
        auto info = platform_.lake.describe(name);
        if (info) {
            node.bytes = info->bytes;
            if (info->rows >= 0) node.rows = info->rows;
            node.changed = info->last_commit;
            node.detail = fmt::format("version {}", info->version);
            node.per_second = readings_.per_second(node.id());
        } else {
            node.state = "error";
            node.reason = info.error().message();
        }
        add(std::move(node));
    }
}

void Picture::views() {
    for (const auto& name : platform_.views.names()) {
        auto view = platform_.views.find(name);
        if (!view) continue;
        Node node("view", name);
        const auto state = view->state();
        node.rows = state.rows;
        if (state.epoch >= 0) node.changed = state.time;
        edges_.push_back({node.id(), "dashboard:page", std::nullopt});
        add(std::move(node));
    }
    if (!edges_.empty() && edges_.back().to == "dashboard:page") add({"dashboard", "page"});
}

std::string state_of(const flow::FlowStatus& status, const Why& why) {
    switch (status.state) {
        case flow::FlowState::kStarting:
            return "idle";
        case flow::FlowState::kRunning:
            return why.todo.empty() ? "ok" : "warn";
        case flow::FlowState::kRetrying:
            return "warn";
        case flow::FlowState::kFailed:
            return "error";
        case flow::FlowState::kPaused:
        case flow::FlowState::kStopped:
            break;
    }
    return "paused";
}

void Picture::flow(const flow::FlowStatus& status) {
    const auto why = server::why(status, now_);
    Node node("flow", status.name);
    node.state = state_of(status, why);
    if (node.state != "ok") node.reason = why.sentence;
    node.lag = status.lag();
    node.lag_unit = status.unit + "s";
    node.changed = status.last_commit;
    node.per_second = readings_.per_second("in:" + status.name);
    node.detail = status.strategy.empty() ? status.kind : status.strategy;
    edges_.push_back({status.source.id(), node.id(), node.per_second});
    for (const auto& sink : status.sinks)
        edges_.push_back({node.id(), sink.id(), written(status, sink.id())});
    add(std::move(node));
}

// A view's and a merged table's rows are replaced, so their number says nothing of what was written. Of a sink with
// several writers only the whole is known.
std::optional<double> Picture::written(const flow::FlowStatus& status, const std::string& sink) {
    const bool replaced = sink.starts_with("view:") || status.strategy == "merge";
    if (!replaced) return writers_[sink] > 1 ? std::nullopt : readings_.per_second(sink);
    auto rate = readings_.per_second("out:" + status.name);
    if (auto at = places_.find(sink); at != places_.end()) nodes_[at->second].per_second = rate;
    return rate;
}

void Picture::flows() {
    const auto list = platform_.flows.list();
    for (const auto& status : list)
        for (const auto& sink : status.sinks)
            ++writers_[sink.id()];
    for (const auto& status : list)
        flow(status);
}

void Picture::write(JsonWriter& out, const Node& node) const {
    const bool layered = node.kind == "table" || node.kind == "view";
    const auto dot = node.name.find('.');
    out.begin_object().field("id", node.id()).field("kind", node.kind).field("name", node.name);
    out.field("layer", layered && dot != node.name.npos ? node.name.substr(0, dot) : "");
    out.field("state", node.state).field("reason", node.reason);
    out.field("records_per_second", node.per_second).field("lag", node.lag).key("lag_unit");
    node.lag_unit.empty() ? out.null() : out.text(node.lag_unit);
    out.field("freshness_ms", node.changed ? std::optional(std::max<int64_t>(
                                                 0, (now_.us - node.changed->us) / 1000))
                                           : std::nullopt);
    out.field("bytes", node.bytes).field("rows", node.rows).field("detail", node.detail);
    out.end_object();
}

std::string Picture::json() const {
    JsonWriter out;
    out.begin_object().field("as_of", now_).key("nodes").begin_array();
    for (const auto& node : nodes_)
        write(out, node);
    out.end_array().key("edges").begin_array();
    for (const auto& edge : edges_) {
        if (!places_.contains(edge.from) || !places_.contains(edge.to)) continue;  // not made yet
        out.begin_object().field("from", edge.from).field("to", edge.to);
        out.field("records_per_second", edge.per_second).end_object();
    }
    out.end_array().end_object();
    return out.take();
}

}  // namespace

std::string graph_json(const Platform& platform, const Readings& readings) {
    Picture picture(platform, readings);
    picture.topics();
    picture.producers();
    picture.tables();
    picture.views();
    picture.flows();
    return picture.json();
}

}  // namespace tarn::server
