#pragma once

// What the program is made of.

#include <span>

#include "tarn/host/capability.h"
#include "tarn/host/common.h"

namespace tarn::cli {

// In the order of their layers.
std::span<const host::Capability> capabilities();

// Made from them: all settings and errors there are, and the system tables by name.
const host::Program& program();
std::vector<host::SystemTable> all_system_tables();
std::vector<project::Section> all_sections();

}  // namespace tarn::cli
