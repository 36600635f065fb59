#pragma once

// Settings of flows.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::flow {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::flow
