#pragma once

// Names and texts as SQL has them, whatever stands in them.

#include <string>
#include <string_view>

namespace tarn::sql {

std::string quoted_name(std::string_view name);  // "…"
std::string quoted_text(std::string_view text);  // '…'

// An expression that ends the statement with TARN-E0811 and this text, which tells of a row that a
// table does not take.
std::string refuse_row(std::string_view why);
inline constexpr std::string_view kRefusedRow = "row refused: ";  // before it, inside

}  // namespace tarn::sql
