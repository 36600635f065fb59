#pragma once

// Values that stand in a statement as $1, $2 … or $name.

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "tarn/base/time.h"

namespace tarn::sql {

// monostate is NULL. A text takes the type of what it stands beside, as a literal does.
using SqlValue = std::variant<std::monostate, bool, int64_t, double, std::string, Timestamp>;

// By what stands behind the $, whatever its case. A statement has either numbers or names.
struct Parameters {
    std::map<std::string, SqlValue> values;
};

}  // namespace tarn::sql
