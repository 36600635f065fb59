#include "tarn/base/base_settings.h"

namespace tarn {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"memory.limit", SettingType::kBytes, "2GiB", "Memory that all parts together may take.",
     "8GiB", 256 << 20},
    {"logging.level", SettingType::kText, "warn",
     "Least level logged: debug, info, warn, error or off.", "debug"},
    {"logging.format", SettingType::kText, "text", "text or json.", "json"},
};

}  // namespace

std::span<const SettingDeclaration> base_settings() { return kDeclarations; }

}  // namespace tarn
