#pragma once

// What every command is told.

#include <span>
#include <string>

#include "tarn/base/settings.h"
#include "tarn/host/error_catalog.h"

namespace tarn::host {

enum class Format { kText, kJson, kCsv };

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// What the program is made of, as far as commands ask; made from its capabilities.
struct Program {
    std::span<const SettingDeclaration> settings;
    const ErrorCatalog& errors;
};

struct Common {
    const Program& program;
    std::string data = "tarn-data";
    bool data_given = false;  // else the default stands in `data`
    Format format = Format::kText;
};

}  // namespace tarn::host
