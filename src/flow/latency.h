#pragma once

// Latency over about the last minute: a ring of six histograms of ten seconds, buckets an eighth of
// an octave wide (9 %). Not thread-safe.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "tarn/base/time.h"

namespace tarn::flow {

class LatencyWindow {
  public:
    void observe(int64_t monotonic_us, int64_t latency_us) {
        turn(monotonic_us);
        auto& slot = slots_[size_t(slot_) % kSlots];
        ++slot[bucket_of(latency_us)];
    }
    // Of [0, 1]; nothing without observations.
    std::optional<Duration> quantile(int64_t monotonic_us, double q) {
        turn(monotonic_us);
        uint64_t total = 0;
        for (const auto& slot : slots_)
            for (auto n : slot)
                total += n;
        if (total == 0) return std::nullopt;
        auto rank = uint64_t(q * double(total - 1));
        for (size_t i = 0; i < kBuckets; ++i) {
            uint64_t here = 0;
            for (const auto& slot : slots_)
                here += slot[i];
            if (rank < here) return Duration{upper_of(i)};
            rank -= here;
        }
        return std::nullopt;
    }

  private:
    static constexpr size_t kSlots = 6, kBuckets = 8 * 40;
    static constexpr int64_t kSlotUs = 10'000'000;
    static size_t bucket_of(int64_t us) {
        auto v = uint64_t(std::max<int64_t>(us, 0)) + 8;  // the smallest octave has unit steps
        auto octave = size_t(std::bit_width(v)) - 4;
        return std::min(octave * 8 + size_t((v >> octave) & 7), kBuckets - 1);
    }
    static int64_t upper_of(size_t bucket) {
        auto octave = bucket / 8, step = bucket % 8;
        return int64_t(((8 + step + 1) << octave) - 8);
    }
    void turn(int64_t monotonic_us) {
        auto now = monotonic_us / kSlotUs;
        for (auto steps = std::min<int64_t>(now - slot_, kSlots); steps > 0; --steps)
            slots_[size_t(++slot_) % kSlots].fill(0);
        if (now > slot_) {
            slots_[size_t(now) % kSlots].fill(0);
            slot_ = now;
        }
    }
    std::array<std::array<uint32_t, kBuckets>, kSlots> slots_{};
    int64_t slot_ = 0;
};

}  // namespace tarn::flow
