#include "tarn/catalog/flow_sinks.h"

namespace tarn::catalog {

std::string first_sink(const flow::FlowStatus& flow, std::string_view wanted) {
    for (const auto& sink : flow.sinks)
        if (sink.kind == wanted) return sink.name;
    return {};
}

std::set<std::string> topics_written(const std::vector<flow::FlowStatus>& flows) {
    std::set<std::string> out;
    for (const auto& flow : flows)
        for (const auto& sink : flow.sinks)
            if (sink.kind == flow::kTopicKind) out.insert(sink.name);
    return out;
}

}  // namespace tarn::catalog
