#include "tarn/host/change_json.h"

#include <nlohmann/json.hpp>

namespace tarn::host {

std::string changes_json(std::span<const flow::FlowChange> changes) {
    using Json = nlohmann::ordered_json;
    auto nodes = [](const std::vector<flow::Node>& all) {
        auto out = Json::array();
        for (const auto& node : all)
            out.push_back({{"kind", node.kind}, {"name", node.name}});
        return out;
    };
    auto flows = Json::array();
    for (const auto& change : changes) {
        auto what = Json::array();
        for (const auto& one : change.changes)
            what.push_back({{"effect", flow::to_string(one.effect)},
                            {"what", one.what},
                            {"rewrites", one.rewrites}});
        Json replay;
        if (!change.replay.from.empty()) {
            const auto speed = change.replay.units_per_second;
            replay = {{"from", change.replay.from},  {"units", change.replay.units},
                      {"unit", change.replay.unit},  {"gone", change.replay.gone},
                      {"units_per_second", nullptr}, {"seconds", nullptr}};
            if (speed > 0) {
                replay["units_per_second"] = speed;
                replay["seconds"] = double(change.replay.units) / speed;
            }
        }
        flows.push_back({{"flow", change.flow},
                         {"file", change.file},
                         {"effect", flow::to_string(change.effect)},
                         {"sources", nodes(change.sources)},
                         {"sinks", nodes(change.sinks)},
                         {"changes", what},
                         {"replay", replay}});
    }
    return Json{{"flows", flows}}.dump();
}

}  // namespace tarn::host
