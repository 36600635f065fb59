#include "tarn/flow/settings.h"

namespace tarn::flow {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"flow.memory", SettingType::kBytes, "60%",
     "Memory of the flows' SQL: a size, or a share of memory.limit.", "2GiB", 64 << 20},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::flow
