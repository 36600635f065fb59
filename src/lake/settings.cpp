#include "tarn/lake/settings.h"

namespace tarn::lake {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"lake.keep_dropped", SettingType::kDuration, "7d",
     "How long a table that was dropped can be brought back; then its files go. 0 keeps none.",
     "30d", 0},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::lake
