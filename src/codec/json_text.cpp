#include "json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tarn::codec {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Four hexadecimal digits, -1 if they are not.
int32_t code_unit(const char* p, const char* end) {
    if (end - p < 4) return -1;
    int32_t v = 0;
    for (int i = 0; i < 4; ++i) {
        int d = hex_digit(p[i]);
        if (d < 0) return -1;
        v = v << 4 | d;
    }
    return v;
}

void append_utf8(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out.push_back(char(c));
        return;
    }
    if (c < 0x800) {
        out.push_back(char(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            out.push_back(char(0xe0 | c >> 12));
        } else {
            out.push_back(char(0xf0 | c >> 18));
            out.push_back(char(0x80 | (c >> 12 & 0x3f)));
        }
        out.push_back(char(0x80 | (c >> 6 & 0x3f)));
    }
    out.push_back(char(0x80 | (c & 0x3f)));
}

// A number of exactly n digits, -1 if they are not.
int digits(const char* p, int n) {
    int v = 0;
    for (int i = 0; i < n; ++i) {
        if (!is_digit(p[i])) return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

// The power of ten just above a number's absolute value: tells the too large from the too small.
int64_t decimal_magnitude(std::string_view number) {
    auto e = number.find_first_of("eE");
    int64_t exponent = 0;
    if (e != std::string_view::npos) {
        auto text = number.substr(e + 1);
        if (text.starts_with('+')) text.remove_prefix(1);
        auto [p, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (error != std::errc()) exponent = text.starts_with('-') ? INT32_MIN : INT32_MAX;
    }
    auto mantissa = number.substr(0, e);
    auto first = mantissa.find_first_of("123456789"),
         dot = std::min(mantissa.find('.'), mantissa.size());
    if (first == std::string_view::npos) return INT64_MIN;
    return exponent + int64_t(dot) - int64_t(first) + (first > dot);
}

// After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil), for years
// 0 to 9999.
int32_t days_of(int year, int month, int day) {
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

}  // namespace

bool JsonCursor::skip_word(std::string_view word) {
    if (std::string_view(at, size_t(end - at)).substr(0, word.size()) != word)
        return fail("no JSON value");
    at += word.size();
    return true;
}

bool JsonCursor::skip_value(int depth) {
    if (at == end) return fail("cut short");
    switch (*at) {
        case '"':
            return skip_string();
        case '{':
            return skip_container(depth, '}');
        case '[':
            return skip_container(depth, ']');
        case 't':
            return skip_word("true");
        case 'f':
            return skip_word("false");
        case 'n':
            return skip_word("null");
        default:
            return skip_number();
    }
}

bool JsonCursor::skip_member(int depth) {
    if (at == end || *at != '"') return fail("a field's name is missing");
    if (!skip_string()) return false;
    skip_blanks();
    if (at == end || *at != ':') return fail("a colon is missing");
    ++at;
    skip_blanks();
    return skip_value(depth);
}

bool JsonCursor::skip_container(int depth, char close) {
    if (depth >= kMaxJsonDepth) return fail("nested too deeply");
    ++at;
    skip_blanks();
    if (at < end && *at == close) {
        ++at;
        return true;
    }
    for (;;) {
        skip_blanks();
        if (close == '}' ? !skip_member(depth + 1) : !skip_value(depth + 1)) return false;
        skip_blanks();
        if (at == end) return fail("cut short");
        char c = *at;
        if (c != ',' && c != close) return fail("a comma or closing bracket is missing");
        ++at;
        if (c == close) return true;
    }
}

bool JsonCursor::skip_escape() {
    if (end - at < 2) return fail("a string is cut short");
    switch (at[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            at += 2;
            return true;
        case 'u':
            break;
        default:
            return fail("an unknown escape");
    }
    auto unit = code_unit(at + 2, end);
    if (unit < 0) return fail("a malformed \\u escape");
    if (unit < 0xd800 || unit > 0xdfff) {
        at += 6;
        return true;
    }
    // Half a character: the other half must follow.
    bool second_follows = unit < 0xdc00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u';
    auto second = second_follows ? code_unit(at + 8, end) : -1;
    if (second < 0xdc00 || second > 0xdfff) return fail("half a surrogate pair");
    at += 12;
    return true;
}

bool JsonCursor::skip_string() {
    ++at;
    while (at < end) {
        if (*at == '"') {
            ++at;
            return true;
        }
        if (uint8_t(*at) < 0x20) return fail("a control character in a string");
        if (*at != '\\')
            ++at;
        else if (!skip_escape())
            return false;
    }
    return fail("a string is cut short");
}

bool JsonCursor::skip_number() {
    auto run = [&] {
        auto start = at;
        while (at < end && is_digit(*at))
            ++at;
        return at > start;
    };
    if (at < end && *at == '-') ++at;
    if (at < end && *at == '0')
        ++at;
    else if (!run())
        return fail("no JSON value");
    if (at < end && *at == '.') {
        ++at;
        if (!run()) return fail("a malformed number");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at < end && (*at == '+' || *at == '-')) ++at;
        if (!run()) return fail("a malformed number");
    }
    return true;
}

void unescape_json(std::string_view inside, std::string& out) {
    const char* end = inside.data() + inside.size();
    for (const char* p = inside.data(); p < end;) {
        if (*p != '\\') {
            out.push_back(*p++);
            continue;
        }
        char c = p[1];
        if (c != 'u') {
            constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
            auto letter = kLetters.find(c);
            out.push_back(letter == std::string_view::npos ? c : kMeanings[letter]);
            p += 2;
            continue;
        }
        auto unit = uint32_t(code_unit(p + 2, end));
        p += 6;
        if (unit >= 0xd800 && unit <= 0xdbff) {
            unit = 0x10000 + ((unit - 0xd800) << 10) + (uint32_t(code_unit(p + 2, end)) - 0xdc00);
            p += 6;
        }
        append_utf8(out, unit);
    }
}

Parsed parse_json_int(std::string_view number, int64_t& out) {
    auto end = number.data() + number.size();
    auto [p, error] = std::from_chars(number.data(), end, out);
    if (p != end) return Parsed::kMalformed;
    return error == std::errc() ? Parsed::kOk : Parsed::kOutOfRange;
}

Parsed parse_json_double(std::string_view number, double& out) {
    auto end = number.data() + number.size();
    auto [p, error] = std::from_chars(number.data(), end, out);
    if (p != end) return Parsed::kMalformed;
    if (error == std::errc::result_out_of_range) {
        if (decimal_magnitude(number) > 0) return Parsed::kOutOfRange;
        out = number.starts_with('-') ? -0.0 : 0.0;
    }
    return std::isfinite(out) ? Parsed::kOk : Parsed::kOutOfRange;
}

bool parse_iso_date(std::string_view text, int32_t& days) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    int year = digits(text.data(), 4), month = digits(text.data() + 5, 2),
        day = digits(text.data() + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1) return false;
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > kDays[month - 1] + (month == 2 && leap)) return false;
    days = days_of(year, month, day);
    return true;
}

bool parse_minute(const char* text, int64_t& us) {
    int32_t days = 0;
    if (!parse_iso_date({text, 10}, days)) return false;
    if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return false;
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2);
    if (hour < 0 || hour > 23 || text[13] != ':' || minute < 0 || minute > 59) return false;
    us = ((int64_t(days) * 24 + hour) * 60 + minute) * 60'000'000;
    return true;
}

std::optional<Duration> parse_zone(std::string_view text) {
    if (text == "Z" || text == "z" || text == "UTC") return Duration{};
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const bool colon = text.size() == 6 && text[3] == ':';
    if (!colon && text.size() != 5 && text.size() != 3) return std::nullopt;
    const int hours = digits(text.data() + 1, 2);
    const int minutes = text.size() == 3 ? 0 : digits(text.data() + (colon ? 4 : 3), 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    const int64_t offset = (hours * 60 + minutes) * 60'000'000ll;
    return Duration{text[0] == '+' ? offset : -offset};
}

Parsed parse_minute_rest(std::string_view text, std::optional<Duration> zone, int64_t& us) {
    const char* p = text.data();
    const char* end = p + text.size();
    if (end - p < 3 || *p != ':') return Parsed::kMalformed;
    int second = digits(p + 1, 2);
    if (second < 0 || second > 59) return Parsed::kMalformed;
    us = second * 1'000'000ll;
    p += 3;
    if (p < end && *p == '.') {
        int64_t unit = 100'000;
        const char* start = ++p;
        for (; p < end && is_digit(*p); ++p, unit /= 10)
            us += (*p - '0') * unit;
        if (p == start || p - start > 9) return Parsed::kMalformed;
    }
    if (end - p == 1 && *p == 'Z') return Parsed::kOk;
    if (p < end) {
        if (*p == ' ') ++p;
        zone = parse_zone({p, size_t(end - p)});
        if (!zone) return Parsed::kMalformed;
    }
    if (!zone) return Parsed::kNoZone;
    us -= zone->us;
    return Parsed::kOk;
}

Parsed parse_time(std::string_view text, std::optional<Duration> zone, int64_t& us) {
    int64_t minute = 0, rest = 0;
    if (text.size() < kMinuteSize || !parse_minute(text.data(), minute)) return Parsed::kMalformed;
    auto parsed = parse_minute_rest(text.substr(kMinuteSize), zone, rest);
    if (parsed != Parsed::kOk) return parsed;
    us = minute + rest;
    return is_time(us) ? Parsed::kOk : Parsed::kOutOfRange;
}

Parsed parse_local_time(std::string_view text, int64_t& us) {
    int64_t minute = 0, rest = 0;
    if (text.size() < kMinuteSize || !parse_minute(text.data(), minute)) return Parsed::kMalformed;
    const auto behind = text.substr(kMinuteSize);
    if (parse_minute_rest(behind, std::nullopt, rest) == Parsed::kOk) return Parsed::kZone;
    auto parsed = parse_minute_rest(behind, Duration{0}, rest);
    if (parsed != Parsed::kOk) return parsed;
    us = minute + rest;
    return is_time(us) ? Parsed::kOk : Parsed::kOutOfRange;
}

namespace {

// The parts of a number: -12.30e5.
struct NumberParts {
    bool negative = false;
    std::string_view whole, fraction;
    int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
    size_t n = 0;
    while (n < text.size() && uint8_t(text[n] - '0') < 10)
        ++n;
    auto digits = text.substr(0, n);
    text.remove_prefix(n);
    return digits;
}

bool take_exponent(std::string_view& text, int64_t& out) {
    constexpr size_t kMostDigitsOfIt = 6;
    text.remove_prefix(1);
    const bool minus = !text.empty() && text.front() == '-';
    if (!text.empty() && (minus || text.front() == '+')) text.remove_prefix(1);
    const auto digits = take_digits(text);
    if (digits.empty()) return false;
    for (char c : digits.substr(0, kMostDigitsOfIt))
        out = out * 10 + (c - '0');
    if (digits.size() > kMostDigitsOfIt) out = 1'000'000;
    if (minus) out = -out;
    return true;
}

bool take_number(std::string_view text, bool zeros_lead, NumberParts& out) {
    out.negative = !text.empty() && text.front() == '-';
    if (out.negative) text.remove_prefix(1);
    out.whole = take_digits(text);
    if (out.whole.empty() || (out.whole.size() > 1 && out.whole.front() == '0' && !zeros_lead))
        return false;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        out.fraction = take_digits(text);
        if (out.fraction.empty()) return false;
    }
    if (!text.empty() && (text.front() | 0x20) == 'e' && !take_exponent(text, out.exponent))
        return false;
    return text.empty();
}

}  // namespace

Parsed parse_decimal(std::string_view number, const ColumnType& type, bool zeros_lead,
                     Int128& out) {
    NumberParts parts;
    if (!take_number(number, zeros_lead, parts)) return Parsed::kMalformed;
    // The digits without the point, and how many zeros follow (or, below 0, how many are too many).
    int64_t shift = type.scale() + parts.exponent - int64_t(parts.fraction.size());
    const auto limit = power_of_ten(type.precision());
    const auto digits = parts.whole.size() + parts.fraction.size();
    const auto digit = [&](size_t i) {
        return int(i < parts.whole.size() ? parts.whole[i]
                                          : parts.fraction[i - parts.whole.size()]) -
               '0';
    };
    size_t used = digits;
    for (; shift < 0 && used > 0; ++shift, --used)
        if (digit(used - 1) != 0) return Parsed::kTooFine;
    Int128 value = 0;
    size_t i = 0;
    if (constexpr size_t kMostIn64 = 18; used <= kMostIn64) {
        int64_t small = 0;
        for (; i < used; ++i)
            small = small * 10 + digit(i);
        value = small;
        if (value >= limit) return Parsed::kOutOfRange;
    }
    // Looked at before: ten times as much may be more than the 128 bits hold.
    const auto full = power_of_ten(type.precision() - 1);
    for (; i < used; ++i) {
        if (value >= full) return Parsed::kOutOfRange;
        value = value * 10 + digit(i);
    }
    for (; shift > 0 && value != 0; --shift) {
        if (value >= full) return Parsed::kOutOfRange;
        value *= 10;
    }
    out = parts.negative ? -value : value;
    return Parsed::kOk;
}

Parsed time_of_number(int64_t number, TimeForm::Unit unit, int64_t& us) {
    us = number;
    bool overflow = false;
    switch (unit) {
        case TimeForm::Unit::kSeconds:
            overflow = __builtin_mul_overflow(number, int64_t(1'000'000), &us);
            break;
        case TimeForm::Unit::kMillis:
            overflow = __builtin_mul_overflow(number, int64_t(1'000), &us);
            break;
        case TimeForm::Unit::kMicros:
            break;
        case TimeForm::Unit::kNanos:
            us = number / 1000 - (number % 1000 < 0);
            break;
    }
    return overflow || !is_time(us) ? Parsed::kOutOfRange : Parsed::kOk;
}

}  // namespace tarn::codec
