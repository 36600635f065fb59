#pragma once

// Identifiers and randomness. Both come from a Random that `cli` or a simulation's seed makes.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn {

// xoshiro256** (Blackman and Vigna, 2018). Not for secrets. Not thread-safe.
class Random {
  public:
    explicit Random(uint64_t seed);
    uint64_t next();
    // Uniform in [0, n); n > 0.
    uint64_t below(uint64_t n);
    // Uniform in [0, 1).
    double unit() { return double(next() >> 11) * 0x1.0p-53; }
    bool chance(double p) { return unit() < p; }

  private:
    std::array<uint64_t, 4> state_;
};

// A seed from the operating system's entropy. Only `cli` calls this.
uint64_t entropy_seed();

// 128 bits, RFC 9562 version 4 when made here. The zero Uuid means "none", as in Kafka.
struct Uuid {
    std::array<uint8_t, 16> bytes{};

    static Uuid make(Random& random);
    // Lower-case with hyphens. Errors: kInvalidArgument.
    static Result<Uuid> parse(std::string_view text);
    std::string str() const;
    // Kafka's text form of topic ids: URL-safe base64 without padding (22 characters).
    std::string base64() const;
    bool is_zero() const { return *this == Uuid{}; }
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace tarn

template <>
struct std::hash<tarn::Uuid> {
    size_t operator()(const tarn::Uuid& id) const noexcept {
        size_t h = 1469598103934665603ull;
        for (auto b : id.bytes)
            h = (h ^ b) * 1099511628211ull;
        return h;
    }
};
