#pragma once

// What a generator sends: a schedule of time slots, each with a finished record batch a partition.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tarn/base/time.h"

namespace tarn::demo {

// One partition's part of a slot.
struct SlotBatch {
    std::string batch;  // a whole record batch, uncompressed; who signs it computes its crc
    // Position and length of each record's value in it.
    std::vector<std::pair<uint32_t, uint32_t>> values;
    uint32_t count = 0, late = 0, twice = 0, broken = 0;
};

class Load {
  public:
    virtual ~Load() = default;
    virtual Duration slot_length() const = 0;
    // Slot number `slot` (counted on over all rounds) for an intended send at `start`: its batches,
    // one a partition (count 0: none), valid until the next call.
    virtual std::vector<SlotBatch>& stamp(int64_t slot, Timestamp start) = 0;
    // Of the slot stamped last. A later run over the same topic begins at a higher one, so that ids
    // stay distinct.
    virtual int64_t round() const = 0;
};

// zlib's crc32 of a stamped batch's values, one after another: what the ledger holds of it.
uint32_t crc32_of_values(const SlotBatch& batch);
// Fills `values` and `count` of a batch that was just built.
void find_values(SlotBatch& batch);

}  // namespace tarn::demo
