#pragma once

// For tests: one allocation of a thread fails, so that what comes after it can be looked at. Who
// allocates for others (operator new, DuckDB's allocator: src/sql) asks allocation_fails().

#include <cstdint>

namespace tarn {

namespace internal {
struct AllocationCount {
    bool on = false;
    int64_t made = 0, fails_at = 0;
    uint64_t least_bytes = 0;
};
inline constinit thread_local AllocationCount allocations;
}  // namespace internal

// While it lives, the n-th allocation of its thread, of those that are so large, fails; from 1; 0:
// none, they are counted.
class FailingAllocation {
  public:
    explicit FailingAllocation(int64_t nth, uint64_t least_bytes = 1) {
        internal::allocations = {.on = true, .fails_at = nth, .least_bytes = least_bytes};
    }
    ~FailingAllocation() { internal::allocations = {}; }
    FailingAllocation(const FailingAllocation&) = delete;
    int64_t made() const { return internal::allocations.made; }
};

// While it lives, none of its thread does: what a test itself is made of.
class NoFailingAllocation {
  public:
    NoFailingAllocation() : before_(internal::allocations.on) { internal::allocations.on = false; }
    ~NoFailingAllocation() { internal::allocations.on = before_; }
    NoFailingAllocation(const NoFailingAllocation&) = delete;

  private:
    const bool before_;
};

inline bool allocation_fails(uint64_t bytes) {
    auto& count = internal::allocations;
    return count.on && bytes >= count.least_bytes && ++count.made == count.fails_at;
}

}  // namespace tarn
