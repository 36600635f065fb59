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
#include "tarn/base/ids.h"
#include "tarn/base/time.h"

namespace tarn::cli {

struct LoadShape {
    int64_t rate = 1'000;  // clicks a second, copies included
    int partitions = 4;
    uint64_t seed = 1;
    double late = 0.005;  // shares of all clicks
    double twice = 0.002;
    double broken = 0.001;
    Duration slot = Duration::millis(10);
};

// One partition's part of a slot.
struct SlotBatch {
    struct Patch {
        uint32_t time_at = 0;  // of the 24 bytes of event_time in the batch; 0: none
        int32_t time_ms = 0;   // event time relative to the slot's start; negative for late ones
        uint32_t loop_at[3] = {};  // of six digits each; 0: none
        uint32_t loop_lag = 0;     // loops since the session began
    };
    std::string batch;  // a whole record batch, uncompressed
    std::vector<Patch> patches;
    std::vector<std::pair<uint32_t, uint32_t>>
        values;            // position and length of each record's value
    int32_t first_ms = 0;  // of the first record within the slot
    uint32_t count = 0, late = 0, twice = 0, broken = 0;
};

class ClickRing {
  public:
    ClickRing(const ClickData& data, const LoadShape& shape);

    size_t slots() const { return slots_.size(); }  // of one loop
    Duration slot_length() const { return slot_; }
    const LoadShape& shape() const { return shape_; }
    // Stamps slot number `slot` (counted on over the loops) for an intended send at `start` and
    // gives its batches, one a partition (empty: none), valid until the next call. Their crc is
    // left to who signs them.
    std::vector<SlotBatch>& stamp(int64_t slot, Timestamp start);

  private:
    struct Placed;
    std::vector<std::vector<Placed>> place(const ClickData& data) const;
    SlotBatch build(const ClickData& data, const std::vector<Placed>& placed) const;
    LoadShape shape_;
    Duration slot_;
    std::vector<std::vector<SlotBatch>> slots_;
};

// zlib's crc32 of a stamped batch's values, one after another: what the ledger holds of it.
uint32_t crc32_of_values(const SlotBatch& batch);

}  // namespace tarn::cli
