#pragma once

// What a module offers, as data. The program is the list of its capabilities
// (cli/capabilities.cpp, a line each); what there is, and the pages of docs/reference, follow from
// it.

#include <span>
#include <string_view>

#include "tarn/base/errors.h"
#include "tarn/base/settings.h"

namespace tarn::host {

struct Capability {
    std::string_view module;
    ErrorList errors = {};
    std::span<const SettingDeclaration> settings = {};
};

}  // namespace tarn::host
