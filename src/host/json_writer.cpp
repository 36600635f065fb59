#include "tarn/host/json_writer.h"

namespace tarn::host {

size_t utf8_length(std::string_view s) {
    auto at = [&](size_t i) { return i < s.size() ? uint8_t(s[i]) : uint8_t(0); };
    auto tail = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
    const uint8_t c = at(0);
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c <= 0xDF) return tail(1) ? 2 : 0;
    if (c >= 0xE0 && c <= 0xEF) {
        const bool overlong = c == 0xE0 && at(1) < 0xA0;
        const bool surrogate = c == 0xED && at(1) > 0x9F;
        return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        const bool overlong = c == 0xF0 && at(1) < 0x90;
        const bool beyond = c == 0xF4 && at(1) > 0x8F;
        return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

bool valid_utf8(std::string_view s) {
    while (!s.empty()) {
        const size_t n = utf8_length(s);
        if (n == 0) return false;
        s.remove_prefix(n);
    }
    return true;
}

void JsonWriter::append_text(std::string_view v) {
    out_ += '"';
    size_t i = 0;
    while (i < v.size()) {
        size_t plain = i;
        while (plain < v.size() && uint8_t(v[plain]) >= 0x20 && uint8_t(v[plain]) < 0x80 &&
               v[plain] != '"' && v[plain] != '\\')
            ++plain;
        out_.append(v, i, plain - i);
        i = plain;
        if (i == v.size()) break;
        const char c = v[i];
        if (uint8_t(c) >= 0x80) {
            const size_t n = utf8_length(v.substr(i));
            out_.append(n ? v.substr(i, n) : std::string_view("\xEF\xBF\xBD"));
            i += n ? n : 1;
            continue;
        }
        switch (c) {
            case '"':
                out_ += "\\\"";
                break;
            case '\\':
                out_ += "\\\\";
                break;
            case '\n':
                out_ += "\\n";
                break;
            case '\r':
                out_ += "\\r";
                break;
            case '\t':
                out_ += "\\t";
                break;
            default:
                fmt::format_to(std::back_inserter(out_), "\\u{:04x}", uint8_t(c));
        }
        ++i;
    }
    out_ += '"';
}

std::string base64(std::string_view bytes) {
    static constexpr char kAlphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t n = std::min<size_t>(3, bytes.size() - i);
        uint32_t v = uint32_t(uint8_t(bytes[i])) << 16;
        if (n > 1) v |= uint32_t(uint8_t(bytes[i + 1])) << 8;
        if (n > 2) v |= uint8_t(bytes[i + 2]);
        out += kAlphabet[v >> 18];
        out += kAlphabet[v >> 12 & 63];
        out += n > 1 ? kAlphabet[v >> 6 & 63] : '=';
        out += n > 2 ? kAlphabet[v & 63] : '=';
    }
    return out;
}

}  // namespace tarn::host
