#include "tarn/base/base_settings.h"

#include <algorithm>

namespace tarn {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"memory.limit", SettingType::kBytes, "50%",
     "Memory that all parts together may take: a size, or a share of the machine's (or of its "
     "control group's).",
     "8GiB", 256 << 20},
    {"logging.level", SettingType::kText, "warn",
     "Least level logged: debug, info, warn, error or off.", "debug"},
    {"logging.format", SettingType::kText, "text", "text or json.", "json"},
};

}  // namespace

std::span<const SettingDeclaration> base_settings() { return kDeclarations; }

int64_t memory_setting(const Settings& settings, std::string_view name, int64_t whole) {
    const auto given = settings.bytes(name);
    if (given >= 0) return given;
    const auto least = std::ranges::find(settings.declarations(), name, &SettingDeclaration::name);
    return std::max(whole / 100 * -given, least->min);
}

}  // namespace tarn
