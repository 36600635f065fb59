#include "tarn/catalog/graph.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "tarn/catalog/flow_sinks.h"
#include "tarn/catalog/topic_size.h"
#include "tarn/catalog/why.h"
#include "tarn/project/model_kind.h"

namespace tarn::catalog {
namespace {

class Picture {
  public:
    Picture(const host::Platform& platform, const host::Readings& readings)
        : platform_(platform), readings_(readings), now_(platform.clock.now()) {}

    void topics();
    void producers();
    void tables();
    void views();
    void flows();
    Graph whole() &&;

  private:
    void flow(const flow::FlowStatus& status);
    std::optional<double> written(const flow::FlowStatus& status, const std::string& sink);
    void add(Node node);

    const host::Platform& platform_;
    const host::Readings& readings_;
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
        case flow::FlowState::kRebuilding:
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
    const auto why = catalog::why(status, now_);
    Node node("flow", status.name);
    node.state = state_of(status, why);
    node.reason = node.state != "ok" ? why.sentence : status.shortage;
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

// A view's rows and those of a table whose groups or keys are written anew are replaced, so their
// number says nothing of what was written. Of a sink with several writers only the whole is known.
std::optional<double> Picture::written(const flow::FlowStatus& status, const std::string& sink) {
    const auto* strategy = project::find_strategy(status.strategy);
    const bool replaced = sink.starts_with("view:") || (strategy && strategy->replaces);
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

Graph Picture::whole() && {
    // What is not made yet has no arrow.
    std::erase_if(edges_, [this](const Edge& edge) {
        return !places_.contains(edge.from) || !places_.contains(edge.to);
    });
    return {now_, std::move(nodes_), std::move(edges_)};
}

}  // namespace

Graph graph(const host::Platform& platform, const host::Readings& readings) {
    Picture picture(platform, readings);
    picture.topics();
    picture.producers();
    picture.tables();
    picture.views();
    picture.flows();
    return std::move(picture).whole();
}

}  // namespace tarn::catalog
