#include "tarn/sql/settings.h"

namespace tarn::sql {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"sql.memory", SettingType::kBytes, "512MiB", "Memory of users' SQL, part of memory.limit.",
     "2GiB", 64 << 20},
    {"sql.threads", SettingType::kInt, "2", "Threads of users' SQL.", "4", 1, 1024},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::sql
