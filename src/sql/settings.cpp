#include "tarn/sql/settings.h"

namespace tarn::sql {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"sql.memory", SettingType::kBytes, "20%",
     "Memory of users' SQL: a size, or a share of memory.limit.", "2GiB", 64 << 20},
    {"sql.tail", SettingType::kBool, "true",
     "Whether users' SQL reads behind a topic's table what the log has of it; false: what is "
     "committed alone.",
     "false"},
    {"sql.threads", SettingType::kInt, "2", "Threads of users' SQL.", "4", 1, 1024},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::sql
