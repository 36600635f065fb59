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

bool is_taken_by_sql(std::string_view name) {
    const auto dot = name.find('.');
    const auto schema = name.substr(0, dot);
    for (std::string_view own : {"system", "information_schema", "pg_catalog"})
        if (same_but_case(schema, own)) return true;
    if (!same_but_case(schema, "main") || dot == name.npos) return false;
    const auto table = name.substr(dot + 1);
    for (std::string_view own : {"duckdb_", "sqlite_", "pragma_"})
        if (same_but_case(table.substr(0, own.size()), own)) return true;
    return false;
}

}  // namespace tarn
