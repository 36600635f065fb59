#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kind.h"

namespace tarn::project {

const Strategy* find_strategy(std::string_view name) {
    for (const auto& kind : model_kinds())
        for (const auto& strategy : kind.strategies)
            if (strategy.name == name) return &strategy;
    return nullptr;
}

std::optional<std::string> refused_key(const TableModel& model, std::string_view strategy) {
    const auto* it = find_strategy(strategy);
    if (!it) return std::nullopt;
    const std::pair<std::string_view, const std::string*> given[] = {
        {"unique_key", &model.unique_key}, {"event_time", &model.event_time},
        {"quarantine", &model.quarantine}, {"late", &model.late},
        {"version", &model.version},
    };
    for (const auto& [key, text] : given) {
        if (text->empty() || std::ranges::find(it->without, key) == it->without.end()) continue;
        return fmt::format("config: {} has no meaning for {}", key, it->what);
    }
    return std::nullopt;
}

}  // namespace tarn::project
