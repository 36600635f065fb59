#pragma once

// Settings of tables.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::lake {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::lake
