#pragma once

// The tab-separated files of demo/data, linked into the program.

#include <cstdint>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn::demo {

// A file's text. Errors: kInternal if the program was built without it.
Result<std::string> demo_text(std::string_view name);
// The text up to the separator, which is taken off `rest` as well.
std::string_view take_field(std::string_view& rest, char separator);
// Its number; 0 if it is none.
int64_t number_field(std::string_view text);

}  // namespace tarn::demo
