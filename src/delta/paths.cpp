#include "tarn/delta/paths.h"

#include <cstdint>

#include <fmt/format.h>

namespace tarn::delta {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void escape_byte(std::string& out, char c) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    out += '%';
    out += kDigits[uint8_t(c) >> 4];
    out += kDigits[uint8_t(c) & 15];
}

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        int high = -1, low = -1;
        if (text[i] == '%' && i + 2 < text.size()) {
            high = hex_digit(text[i + 1]);
            low = hex_digit(text[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out += char(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string percent_encode(std::string_view path) {
    constexpr std::string_view kKept = "_-!.~'()*,;:$&+=@/";
    std::string out;
    out.reserve(path.size());
    for (char c : path) {
        if (is_alnum(c) || (c > 0 && kKept.find(c) != kKept.npos))
            out += c;
        else
            escape_byte(out, c);
    }
    return out;
}

std::string hive_escape(std::string_view value) {
    constexpr std::string_view kEscaped = "\"#%'*/:=?\\{[]^\x7f";
    std::string out;
    out.reserve(value.size());
    for (char c : value) {
        if ((c >= 0 && c < 0x20) || (c > 0 && kEscaped.find(c) != kEscaped.npos))
            escape_byte(out, c);
        else
            out += c;
    }
    return out;
}

std::string bounded_name(std::string name, size_t most) {
    constexpr size_t kMarkSize = 17;  // "~" and 16 digits
    if (name.size() <= most) return name;
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (char c : name)
        hash = (hash ^ uint8_t(c)) * 0x100000001b3;
    size_t cut = most - kMarkSize;
    while (cut > 0 && (uint8_t(name[cut]) & 0xC0) == 0x80)
        --cut;
    for (size_t back = 1; back <= 2 && back <= cut; ++back)
        if (name[cut - back] == '%') cut -= back;  // no half of an escape
    return name.substr(0, cut) + fmt::format("~{:016x}", hash);
}

std::string canonical_path(std::string_view encoded, std::string_view table_root) {
    std::string path = percent_decode(encoded);
    if (path.starts_with("file:")) {
        size_t from = 5;
        // file:///a and file://host/a: the part after the (empty) host; file:/a: all of it.
        if (path.compare(from, 2, "//") == 0) {
            size_t slash = path.find('/', from + 2);
            from = slash == path.npos ? path.size() : slash;
        }
        path.erase(0, from);
    }
    if (!table_root.empty() && path.size() > table_root.size() + 1 &&
        path.starts_with(table_root) && path[table_root.size()] == '/')
        path.erase(0, table_root.size() + 1);
    return path;
}

std::string disk_path(std::string_view canonical, std::string_view table_root) {
    if (canonical.starts_with('/') || canonical.find("://") != canonical.npos)
        return std::string(canonical);
    return std::string(table_root) + "/" + std::string(canonical);
}

}  // namespace tarn::delta
