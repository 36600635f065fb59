#pragma once

// Settings of the program as a whole; those of a module stand with it.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::cli {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::cli
