#include "json_reason.h"

#include <algorithm>

#include <fmt/format.h>

#include "json_text.h"

namespace tarn::codec {

namespace {

constexpr size_t kShownBytes = 60;

struct TimeUnit {
    TimeForm::Unit unit;
    std::string_view name, text;
};
constexpr TimeUnit kTimeUnits[] = {{TimeForm::Unit::kSeconds, "s", "seconds"},
                                   {TimeForm::Unit::kMillis, "ms", "milliseconds"},
                                   {TimeForm::Unit::kMicros, "us", "microseconds"},
                                   {TimeForm::Unit::kNanos, "ns", "nanoseconds"}};

// The unit in which a number is a time of our days, if there is one.
std::string unit_hint(std::string_view raw) {
    constexpr int64_t kFrom = 946'684'800'000'000, kTo = 4'102'444'800'000'000;  // 2000 to 2100
    int64_t number = 0, us = 0;
    if (parse_json_int(raw, number) != Parsed::kOk) return {};
    for (const auto& row : kTimeUnits)
        if (time_of_number(number, row.unit, us) == Parsed::kOk && us >= kFrom && us < kTo)
            return fmt::format("; in {} it is {}: say unit: {} for the column", row.text,
                               format_rfc3339({us}).substr(0, 10), row.name);
    return {};
}

}  // namespace

std::string shown(std::string_view raw) {
    if (raw.size() <= kShownBytes) return std::string(raw);
    size_t n = kShownBytes;
    while (n > 0 && (uint8_t(raw[n]) & 0xc0) == 0x80)
        --n;
    return std::string(raw.substr(0, n)) + "…";
}

std::string_view kind_of(std::string_view raw) {
    switch (raw.front()) {
        case '"':
            return "string";
        case '{':
            return "object";
        case '[':
            return "array";
        case 't':
        case 'f':
            return "boolean";
        case 'n':
            return "null";
        default:
            return "number";
    }
}

std::string expected(const ColumnType& type, std::string_view raw) {
    auto kind = kind_of(raw);
    if (kind == "object" || kind == "array")
        return fmt::format("expected {}, found {}", to_string(type), kind);
    return fmt::format("expected {}, found {} {}", to_string(type), kind, shown(raw));
}

std::string out_of_range(const ColumnType& type, std::string_view raw) {
    return fmt::format("out of range for {}: {}", to_string(type), shown(raw));
}

std::string why_no_time(Parsed parsed, std::string_view raw, TimeForm::Unit unit) {
    constexpr auto kType = ColumnType::kTimestamp;
    const bool number = raw.front() != '"';
    if (parsed == Parsed::kNoZone)
        return fmt::format(
            "a time without a zone: {}: write Z or an offset such as +02:00 behind it, or say "
            "zone: UTC for the column",
            shown(raw));
    if (parsed == Parsed::kMalformed) return expected(kType, raw);
    if (!number) return out_of_range(kType, raw) + ": times are of the years 1 to 9999";
    return fmt::format("{} {}: times are of the years 1 to 9999{}", out_of_range(kType, raw),
                       std::ranges::find(kTimeUnits, unit, &TimeUnit::unit)->text, unit_hint(raw));
}

std::string why_no_local_time(Parsed parsed, std::string_view raw) {
    constexpr auto kType = ColumnType::kTimestampNtz;
    if (parsed == Parsed::kMalformed) return expected(kType, raw);
    if (parsed == Parsed::kOutOfRange)
        return out_of_range(kType, raw) + ": times are of the years 1 to 9999";
    return fmt::format(
        "a time with a zone in a column without one: {}: leave Z and offset out, or say timestamp "
        "for the column",
        shown(raw));
}

std::string why_no_decimal(Parsed parsed, std::string_view raw, const ColumnType& type) {
    if (parsed == Parsed::kMalformed) return expected(type, raw);
    if (parsed == Parsed::kTooFine)
        return fmt::format("more than {} digits behind the point for {}: {}", type.scale(),
                           to_string(type), shown(raw));
    return fmt::format("more than {} digits before the point for {}: {}",
                       type.precision() - type.scale(), to_string(type), shown(raw));
}

std::optional<TimeForm::Unit> parse_time_unit(std::string_view name) {
    auto row = std::ranges::find(kTimeUnits, name, &TimeUnit::name);
    return row == std::end(kTimeUnits) ? std::nullopt : std::optional(row->unit);
}

std::vector<std::string> time_unit_names() {
    std::vector<std::string> out;
    for (const auto& row : kTimeUnits)
        out.emplace_back(row.name);
    return out;
}

}  // namespace tarn::codec
