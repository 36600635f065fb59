#include "settings.h"

namespace tarn::cli {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"http.address", SettingType::kText, "127.0.0.1", "Address the HTTP door listens on.",
     "0.0.0.0"},
    {"http.port", SettingType::kInt, "8080", "Port of the HTTP door; 0 takes any free one.",
     "18080", 0, 65535},
    {"memory.limit", SettingType::kBytes, "2GiB", "Memory that all parts together may take.",
     "8GiB", 256 << 20},
    {"sql.memory", SettingType::kBytes, "512MiB", "Memory of users' SQL, part of memory.limit.",
     "2GiB", 64 << 20},
    {"sql.threads", SettingType::kInt, "2", "Threads of users' SQL.", "4", 1, 1024},
    {"flow.memory", SettingType::kBytes, "512MiB",
     "Memory of the flows' SQL, part of memory.limit.", "2GiB", 64 << 20},
    {"logging.level", SettingType::kText, "warn",
     "Least level logged: debug, info, warn, error or off.", "debug"},
    {"logging.format", SettingType::kText, "text", "text or json.", "json"},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::cli
