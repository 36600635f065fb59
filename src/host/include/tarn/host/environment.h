#pragma once

// Settings as flags, environment and a project's file give them.

#include <span>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"

namespace tarn::host {

// TARN_* of the environment by name, without those that other programs of Tarn read.
Settings::Values environment_settings();
// Settings of the environment and of a project's file under flags, checked against the
// declarations.
Result<Settings> load_settings(std::span<const SettingDeclaration> declarations,
                               const Settings::Values& flags, const Settings::Values& file);
// Says on stderr which TARN_* variables are no settings. (One that looks like a mistyped setting is
// an error of load_settings.)
void warn_of_unknown_variables(const Settings& settings);

}  // namespace tarn::host
