#pragma once

// Names and texts as SQL has them, whatever stands in them.

#include <string>
#include <string_view>

namespace tarn::sql {

std::string quoted_name(std::string_view name);  // "…"
std::string quoted_text(std::string_view text);  // '…'

}  // namespace tarn::sql
