#pragma once

// Settings of what every part uses: memory and logging.

#include <span>

#include "tarn/base/settings.h"

namespace tarn {

std::span<const SettingDeclaration> base_settings();

}  // namespace tarn
