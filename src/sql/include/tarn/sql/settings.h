#pragma once

// Settings of SQL for people.

#include <span>

#include "tarn/base/settings.h"

namespace tarn::sql {

std::span<const SettingDeclaration> setting_declarations();

}  // namespace tarn::sql
