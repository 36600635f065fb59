#pragma once

// Texts of JSON without simdjson's own buffer for them: On-Demand (3.0.1) does not look whether
// that was allocated, and writes to null when it was not. What these throw stops in the file that
// includes them.

#include <simdjson.h>

#include <cstdint>
#include <string>

namespace tarn::delta {

inline std::string text_of(simdjson::ondemand::raw_json_string raw) {
    const auto wrong = [] { throw simdjson::simdjson_error(simdjson::STRING_ERROR); };
    const char* at = raw.raw();  // behind the opening quote; stage 1 has seen the closing one
    std::string out;
    const auto hex = [&]() -> uint32_t {
        uint32_t value = 0;
        for (int i = 0; i < 4; ++i, ++at) {
            const char c = *at;
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) wrong();
            value = value << 4 | uint32_t(digit);
        }
        return value;
    };
    const auto put = [&](uint32_t code) {
        if (code < 0x80) {
            out += char(code);
        } else if (code < 0x800) {
            out += char(0xC0 | code >> 6);
            out += char(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            out += char(0xE0 | code >> 12);
            out += char(0x80 | (code >> 6 & 0x3F));
            out += char(0x80 | (code & 0x3F));
        } else {
            out += char(0xF0 | code >> 18);
            out += char(0x80 | (code >> 12 & 0x3F));
            out += char(0x80 | (code >> 6 & 0x3F));
            out += char(0x80 | (code & 0x3F));
        }
    };
    for (;;) {
        const char* plain = at;
        while (*at != '"' && *at != '\\')
            ++at;
        out.append(plain, at);
        if (*at == '"') return out;
        constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
        const char escape = *++at;
        ++at;
        if (const auto known = kEscapes.find(escape); known != kEscapes.npos) {
            out += kMeant[known];
            continue;
        }
        if (escape != 'u') wrong();
        uint32_t code = hex();
        if (code >= 0xDC00 && code <= 0xDFFF) wrong();
        if (code >= 0xD800 && code <= 0xDBFF) {  // the first half of a pair
            if (at[0] != '\\' || at[1] != 'u') wrong();
            at += 2;
            const auto low = hex();
            if (low < 0xDC00 || low > 0xDFFF) wrong();
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        put(code);
    }
}

inline std::string text_of(simdjson::ondemand::value value) {
    return text_of(simdjson::ondemand::raw_json_string(value.get_raw_json_string()));
}

}  // namespace tarn::delta
