#pragma once

// Which pairs of a group and a value were seen: each known by a number, so that a pair is one word.
// Open addressing over memory that the allocator's owner counts.

#include <cstdint>
#include <utility>

#include "duckdb/common/allocator.hpp"

namespace tarn::sql {

class PairSet {
  public:
    explicit PairSet(duckdb::Allocator& allocator) : allocator_(allocator) {}

    // True if it was not there. Throws what the allocator throws; then nothing has changed.
    bool insert(uint32_t group, uint32_t value) {
        if ((count_ + 1) * 4 > capacity_ * 3) grow();
        return put((uint64_t(group) << 32 | value) + 1);
    }
    size_t size() const { return count_; }
    size_t bytes() const { return capacity_ * sizeof(uint64_t); }

  private:
    uint64_t* words() { return reinterpret_cast<uint64_t*>(memory_.get()); }
    // The upper bits of a product with 2^64 / φ (Knuth, The Art of Computer Programming, vol. 3,
    // section 6.4): pairs differ in their lower bits.
    size_t place(uint64_t word) const { return (word * 0x9E3779B97F4A7C15u) >> shift_; }

    bool put(uint64_t word) {
        auto* at = words();
        for (size_t i = place(word);; i = (i + 1) & (capacity_ - 1)) {
            if (at[i] == word) return false;
            if (at[i] != 0) continue;
            at[i] = word;
            ++count_;
            return true;
        }
    }

    void grow() {
        const size_t capacity = capacity_ ? 2 * capacity_ : 64;
        auto memory = allocator_.Allocate(capacity * sizeof(uint64_t));
        memset(memory.get(), 0, capacity * sizeof(uint64_t));
        std::swap(memory, memory_);
        const auto old = std::exchange(capacity_, capacity);
        shift_ = 64 - __builtin_ctzll(capacity);
        count_ = 0;
        const auto* from = reinterpret_cast<const uint64_t*>(memory.get());
        for (size_t i = 0; i < old; ++i)
            if (from[i]) put(from[i]);
    }

    duckdb::Allocator& allocator_;
    duckdb::AllocatedData memory_;
    size_t capacity_ = 0, count_ = 0;  // a power of two; at most three quarters of it
    int shift_ = 64;
};

}  // namespace tarn::sql
