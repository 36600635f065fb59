#pragma once

// Time. Wall-clock instants are UTC microseconds; durations come from a monotonic clock and are never mixed with
// them. Only `cli` makes the real Clock; everything else is handed one, so a simulation can drive it.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn {

// A span of time in microseconds; may be negative.
struct Duration {
    int64_t us = 0;

    static constexpr Duration micros(int64_t n) { return {n}; }
    static constexpr Duration millis(int64_t n) { return {n * 1'000}; }
    static constexpr Duration seconds(int64_t n) { return {n * 1'000'000}; }
    constexpr int64_t ms() const { return us / 1'000; }
    constexpr double sec() const { return double(us) / 1e6; }
    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
    friend constexpr Duration operator*(Duration a, int64_t n) { return {a.us * n}; }
};

// An instant: microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
    int64_t us = 0;

    static constexpr Timestamp from_ms(int64_t ms) { return {ms * 1'000}; }
    // Floor, so that instants before 1970 round the same way.
    constexpr int64_t ms() const { return us >= 0 ? us / 1'000 : -((-us + 999) / 1'000); }
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr Timestamp operator+(Timestamp t, Duration d) { return {t.us + d.us}; }
    friend constexpr Timestamp operator-(Timestamp t, Duration d) { return {t.us - d.us}; }
    friend constexpr Duration operator-(Timestamp a, Timestamp b) { return {a.us - b.us}; }
};

// "2026-01-31T23:59:59.123456Z" (RFC 3339, always six digits, always UTC).
std::string format_rfc3339(Timestamp t);
// Days since the epoch as "2026-01-31".
std::string format_date(int64_t days);

// "150ms", "5s", "2m", "1h", "7d", "10us": what settings and flags take. Errors: kInvalidArgument.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration d);

// Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() = 0;         // wall clock, may step backwards
    virtual int64_t monotonic_us() = 0;  // for durations only; its zero means nothing
    virtual void sleep(Duration d) = 0;  // a simulated clock advances instead
};

class SystemClock final : public Clock {
  public:
    Timestamp now() override;
    int64_t monotonic_us() override;
    void sleep(Duration d) override;
};

// Stands still until told to move. Thread-safe.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start = Timestamp::from_ms(1'700'000'000'000)) : start_(start) {}
    Timestamp now() override { return start_ + Duration{elapsed()}; }
    int64_t monotonic_us() override { return elapsed(); }
    void sleep(Duration d) override { advance(d); }
    void advance(Duration d) { __atomic_fetch_add(&elapsed_us_, d.us, __ATOMIC_RELAXED); }

  private:
    int64_t elapsed() const { return __atomic_load_n(&elapsed_us_, __ATOMIC_RELAXED); }
    Timestamp start_;
    int64_t elapsed_us_ = 0;
};

}  // namespace tarn
