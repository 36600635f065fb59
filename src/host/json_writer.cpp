#include "tarn/host/json_writer.h"

#include "tarn/base/utf8.h"

namespace tarn::host {

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
