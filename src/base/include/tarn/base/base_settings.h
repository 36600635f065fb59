#pragma once

// Settings of what every part uses: memory and logging.

#include <cstdint>
#include <span>
#include <string_view>

#include "tarn/base/settings.h"

namespace tarn {

std::span<const SettingDeclaration> base_settings();

// Bytes of a setting whose default is a share ("60%"): of `whole` bytes, at least the least that
// the setting may be; or as given.
int64_t memory_setting(const Settings& settings, std::string_view name, int64_t whole);

}  // namespace tarn
