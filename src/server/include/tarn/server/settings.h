#pragma once

// Settings of the HTTP listener.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::server {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::server
