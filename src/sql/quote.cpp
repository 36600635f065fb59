#include "tarn/sql/quote.h"

namespace tarn::sql {

static std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
std::string quoted_text(std::string_view text) { return quoted(text, '\''); }

std::string refuse_row(std::string_view why) {
    return "error(" + quoted_text(std::string(kRefusedRow) + std::string(why)) + ")";
}

}  // namespace tarn::sql
