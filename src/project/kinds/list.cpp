#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kinds/kind.h"
#include "tarn/base/check.h"

namespace tarn::project {

std::span<const ModelKind> model_kinds() {
    static const ModelKind kAll[] = {
        kLiveKind,
        kIncrementalKind,
    };
    return kAll;
}

std::optional<std::string> refused_key(const TableModel& model, std::string_view strategy) {
    auto it = std::ranges::find(kIncrementalKind.strategies, strategy, &Strategy::name);
    TARN_CHECK(it != kIncrementalKind.strategies.end(), "a strategy has a row");
    const std::pair<std::string_view, const std::string*> given[] = {
        {"unique_key", &model.unique_key},
        {"event_time", &model.event_time},
        {"quarantine", &model.quarantine},
        {"late", &model.late},
    };
    for (const auto& [key, text] : given) {
        if (text->empty() || std::ranges::find(it->without, key) == it->without.end()) continue;
        return fmt::format("config: {} has no meaning for {}", key, it->what);
    }
    return std::nullopt;
}

}  // namespace tarn::project
