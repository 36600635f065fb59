#pragma once

// Settings of the HTTP door.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::server {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::server
