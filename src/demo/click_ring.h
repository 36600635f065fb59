#pragma once

// The demo's load, built before it is sent: one loop over the data as a ring of time slots, each
// slot holding a finished record batch for each partition. Sending a slot again in a later loop
// overwrites only what differs (event times, loop numbers, timestamps), so that the generator costs
// a fraction of a microsecond an event.
//
// Session s starts at a seeded place of the loop; its clicks follow at their think times and wrap
// around the loop's end, where they carry the number of the loop in which their session began. So
// every loop has all clicks of the data, ids of different loops are distinct, and the rate is even.
//
// A seeded share of the clicks is late (event time up to 60 s before it is sent), sent twice (the
// same bytes again), or broken (cut JSON, a wrong type, a missing field, no object).

#include <cstdint>
#include <string>
#include <vector>

#include "click_data.h"
#include "load.h"
#include "tarn/base/ids.h"
#include "tarn/base/time.h"

namespace tarn::demo {

struct LoadShape {
    int64_t rate = 1'000;  // clicks a second, copies included
    int partitions = 4;
    uint64_t seed = 1;
    double late = 0.005;  // shares of all clicks
    double twice = 0.002;
    double broken = 0.001;
    Duration late_from =
        Duration::seconds(1);       // a late click is at least so late, at most a minute
    int64_t first_round = 100'000;  // so that a click's session may have begun rounds ago
    Duration slot = Duration::millis(10);
};

class ClickRing final : public Load {
  public:
    ClickRing(const ClickData& data, const LoadShape& shape);

    size_t slots() const { return slots_.size(); }  // of one loop
    Duration slot_length() const override { return slot_; }
    const LoadShape& shape() const { return shape_; }
    std::vector<SlotBatch>& stamp(int64_t slot, Timestamp start) override;
    int64_t round() const override { return round_; }

  private:
    struct Placed;
    // What differs between rounds, of one record.
    struct Patch {
        uint32_t time_at = 0;  // of the 24 bytes of event_time in the batch; 0: none
        int32_t time_ms = 0;   // event time relative to the slot's start; negative for late ones
        uint32_t loop_at[3] = {};  // of six digits each; 0: none
        uint32_t loop_lag = 0;     // loops since the session began
    };
    struct Patches {
        std::vector<Patch> records;
        int32_t first_ms = 0;  // of the first record within the slot
    };
    std::vector<std::vector<Placed>> place(const ClickData& data) const;
    SlotBatch build(const ClickData& data, const std::vector<Placed>& placed,
                    Patches& patches) const;
    LoadShape shape_;
    Duration slot_;
    int64_t round_ = 0;
    std::vector<std::vector<SlotBatch>> slots_;  // by slot, partition
    std::vector<std::vector<Patches>> patches_;
};

}  // namespace tarn::demo
