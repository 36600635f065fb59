#include "tarn/server/settings.h"

namespace tarn::server {
namespace {

constexpr SettingDeclaration kDeclarations[] = {
    {"http.address", SettingType::kText, "127.0.0.1", "Address the HTTP listener listens on.",
     "0.0.0.0"},
    {"http.port", SettingType::kInt, "8080", "Port of the HTTP listener; 0 takes any free one.",
     "18080", 0, 65535},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kDeclarations; }

}  // namespace tarn::server
