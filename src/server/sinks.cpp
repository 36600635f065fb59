#include "sinks.h"

namespace tarn::server {

std::pair<std::string, std::string> sink_of(std::string_view sink) {
    auto space = sink.find(' ');
    return {std::string(sink.substr(0, space)),
            space == sink.npos ? std::string() : std::string(sink.substr(space + 1))};
}

std::string first_sink(const flow::FlowStatus& flow, std::string_view wanted) {
    for (const auto& sink : flow.sinks)
        if (auto [kind, name] = sink_of(sink); kind == wanted) return name;
    return {};
}

std::set<std::string> topics_written(const std::vector<flow::FlowStatus>& flows) {
    std::set<std::string> out;
    for (const auto& flow : flows)
        for (const auto& sink : flow.sinks)
            if (auto [kind, name] = sink_of(sink); kind == "topic") out.insert(name);
    return out;
}

}  // namespace tarn::server
