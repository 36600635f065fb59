#pragma once

#include <string>
#include <string_view>

namespace tarn::sql {

// A text as a JSON string, quotes and escapes included.
void append_json_text(std::string& out, std::string_view text);

}  // namespace tarn::sql
