#include "tarn/base/utf8.h"

#include <cstdint>

#include "tarn/base/bytes.h"

namespace tarn {

size_t utf8_length(std::string_view s) {
    auto at = [&](size_t i) { return i < s.size() ? uint8_t(s[i]) : uint8_t(0); };
    auto tail = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
    const uint8_t c = at(0);
    if (c < 0x80) return s.empty() ? 0 : 1;
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
    constexpr uint64_t kBeyondAscii = 0x8080808080808080;
    // All words, the last of them over the end of the one before.
    if (s.size() >= 8) {
        uint64_t seen = load_le<uint64_t>(s.data() + s.size() - 8);
        for (size_t i = 0; i + 8 < s.size(); i += 8)
            seen |= load_le<uint64_t>(s.data() + i);
        if ((seen & kBeyondAscii) == 0) return true;
    }
    while (!s.empty()) {
        if (s.size() >= 8 && (load_le<uint64_t>(s.data()) & kBeyondAscii) == 0) {
            s.remove_prefix(8);
            continue;
        }
        const size_t n = utf8_length(s);
        if (n == 0) return false;
        s.remove_prefix(n);
    }
    return true;
}

}  // namespace tarn
