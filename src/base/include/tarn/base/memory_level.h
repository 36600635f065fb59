#pragma once

// How short memory is. The root of the budgets knows what its parts have reserved; what the process
// holds beside that (rows on their way, what the allocator keeps) is measured and reserved in it
// too, so that the root shows the whole. From that follows how far everybody has to step back, each
// level with what the ones before it bring:
//
//   tight   from 70 % of the limit: memory that was freed goes back to the system at once
//   short   from 80 %: flows have half the memory for their batches, decoded records are not kept
//           for others, windows that begin keep their rows on the disk and give their results when
//           they end
//   full    from 92 %: flows work one by one, requests of Kafka clients are read one by one
//
// Thread-safe but for UncountedMemory, which belongs to one thread.

#include <cstdint>
#include <memory>
#include <string_view>

#include "tarn/base/memory.h"

namespace tarn {

enum class MemoryLevel { kFree, kTight, kShort, kFull };
std::string_view to_string(MemoryLevel level);

// Of a root; null: free.
MemoryLevel memory_level(const MemoryBudget* root);

// What the process holds and no part of the budget counts.
class UncountedMemory {
  public:
    explicit UncountedMemory(std::shared_ptr<MemoryBudget> root);
    // The process holds so many bytes now. The last 5 % of the limit are left for what parts
    // reserve, so that those who count can go on while others step back.
    void look(int64_t held_bytes);
    int64_t bytes() const { return reservation_.bytes(); }

  private:
    std::shared_ptr<MemoryBudget> root_;
    MemoryReservation reservation_;
};

}  // namespace tarn
