#pragma once

// What the program is made of.

#include <span>
#include <vector>

#include "tarn/host/capability.h"
#include "tarn/host/error_catalog.h"

namespace tarn::cli {

// In the order of their layers.
std::span<const host::Capability> capabilities();

// Made from them; settings and tables by name.
const host::ErrorCatalog& error_catalog();
std::vector<SettingDeclaration> all_declarations();
std::vector<host::SystemTable> all_system_tables();

}  // namespace tarn::cli
