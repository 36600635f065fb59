#include "tarn/base/time.h"

#include <time.h>

#include <charconv>
#include <chrono>
#include <iterator>
#include <thread>

#include <fmt/format.h>

namespace tarn {

namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

constexpr int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

// Proleptic Gregorian date of a day number, for every int64 day a Timestamp can hold. After Howard
// Hinnant, "chrono-Compatible Low-Level Date Algorithms" (civil_from_days).
struct Civil {
    int64_t year;
    unsigned month, day;
};
constexpr Civil civil_of_days(int64_t days) {
    days += 719'468;
    int64_t era = floor_div(days, 146'097);
    auto day_of_era = unsigned(days - era * 146'097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return {int64_t(year_of_era) + era * 400 + (month <= 2), month, day};
}

struct Unit {
    std::string_view name;
    int64_t us;
};
// Largest first, so that format_duration finds the largest that divides.
constexpr Unit kUnits[] = {
    {"d", kMicrosPerDay}, {"h", 3'600'000'000}, {"m", 60'000'000},
    {"s", 1'000'000},     {"ms", 1'000},        {"us", 1},
};

}  // namespace

std::string format_date(int64_t days) {
    auto c = civil_of_days(days);
    if (c.year < 0) return fmt::format("-{:04}-{:02}-{:02}", -c.year, c.month, c.day);
    return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

std::string format_rfc3339(Timestamp t) {
    int64_t days = floor_div(t.us, kMicrosPerDay);
    int64_t us = t.us - days * kMicrosPerDay;
    int64_t s = us / 1'000'000;
    return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", format_date(days), s / 3600, s / 60 % 60,
                       s % 60, us % 1'000'000);
}

Result<Duration> parse_duration(std::string_view text) {
    auto bad = [&] {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("not a duration (like 150ms, 5s, 2m, 1h, 7d): \"{}\"", text));
    };
    int64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc()) return bad();
    std::string_view suffix(end, size_t(text.data() + text.size() - end));
    if (n == 0 && suffix.empty()) return Duration{};
    for (const auto& unit : kUnits) {
        if (unit.name != suffix) continue;
        Duration d;
        if (__builtin_mul_overflow(n, unit.us, &d.us)) return bad();
        return d;
    }
    return bad();
}

std::string format_duration(Duration d) {
    if (d.us == 0) return "0s";
    for (const auto& unit : kUnits)
        if (d.us % unit.us == 0) return fmt::format("{}{}", d.us / unit.us, unit.name);
    return fmt::format("{}us", d.us);
}

Timestamp SystemClock::now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

int64_t SystemClock::monotonic_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

void SystemClock::sleep(Duration d) {
    if (d.us > 0) std::this_thread::sleep_for(std::chrono::microseconds(d.us));
}

}  // namespace tarn
