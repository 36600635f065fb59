#include "tarn/base/names.h"

#include <algorithm>

namespace tarn {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
bool is_letter(char c) { return folded(c) >= 'a' && folded(c) <= 'z'; }
bool is_legal(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

}  // namespace

bool is_name_part(std::string_view part) {
    return !part.empty() && part.size() <= kMostNamePart && is_letter(part[0]) &&
           std::ranges::all_of(part, is_legal);
}

bool is_table_name(std::string_view name) {
    auto dot = name.find('.');
    return dot != name.npos && is_name_part(name.substr(0, dot)) &&
           is_name_part(name.substr(dot + 1));
}

bool same_but_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, folded, folded);
}

}  // namespace tarn
