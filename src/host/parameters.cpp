#include "tarn/host/parameters.h"

#include <charconv>

#include <fmt/format.h>

namespace tarn::host {
namespace {

Result<int> digits(std::string_view text, size_t at, size_t n) {
    int value = 0;
    for (size_t i = at; i < at + n; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9')
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("'{}' is no instant: write it as 2026-01-31T23:59:59Z", text));
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms").
int64_t days_from_civil(int y, int m, int d) {
    y -= m <= 2;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

}  // namespace

Result<int64_t> number_parameter(const Target& target, std::string_view name, int64_t otherwise,
                                 int64_t min, int64_t max) {
    auto it = target.query.find(name);
    if (it == target.query.end()) return otherwise;
    int64_t value = 0;
    const auto& text = it->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the parameter {} must be a number from {} to {}: '{}'", name, min,
                                max, text));
    return value;
}

Result<Timestamp> parse_instant(std::string_view text) {
    TARN_TRY(const int year, digits(text, 0, 4));
    TARN_TRY(const int month, digits(text, 5, 2));
    TARN_TRY(const int day, digits(text, 8, 2));
    TARN_TRY(const int hour, digits(text, 11, 2));
    TARN_TRY(const int minute, digits(text, 14, 2));
    TARN_TRY(const int second, digits(text, 17, 2));
    size_t at = 19;
    int64_t us = 0;
    if (at < text.size() && text[at] == '.') {
        int64_t unit = 100'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
            us += unit * (text[at] - '0');
    }
    int64_t offset_minutes = 0;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        TARN_TRY(const int hours, digits(text, at + 1, 2));
        TARN_TRY(const int minutes, digits(text, at + 4, 2));
        offset_minutes = (text[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
        at += 6;
    } else if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        at += 1;
    } else {
        at = text.npos;
    }
    if (at != text.size() || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("'{}' is no instant: write it as 2026-01-31T23:59:59Z", text));
    const int64_t minutes =
        (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    return Timestamp{(minutes * 60 + second) * 1'000'000 + us};
}

}  // namespace tarn::host
