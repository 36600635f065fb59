#pragma once

// Which pairs of a group and a value were seen, both known by numbers from 1. While the groups are
// few, a bit each in words that stand by value: a value's groups lie together, and values come
// again in about the order of their numbers. What would take less memory as words of pairs is kept
// so, by open addressing. Over memory that the allocator's owner counts.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "duckdb/common/allocator.hpp"

namespace tarn::sql {

class PairSet {
  public:
    explicit PairSet(duckdb::Allocator& allocator) : allocator_(allocator) {}

    // True if it was not there. Throws what the allocator throws; then nothing has changed.
    bool insert(uint32_t group, uint32_t value) {
        if (words_) {
            if (group <= words_ * 64 && value <= values_) [[likely]]
                return set_bit(group, value);
            make_room(group, value);
            if (words_) return set_bit(group, value);
        }
        if ((count_ + 1) * 4 > capacity_ * 3) grow(capacity_ ? 2 * capacity_ : kLeastPairs);
        return put(pair_of(group, value));
    }
    // To be asked for soon: what may be waited for meanwhile.
    void prefetch(uint32_t group, uint32_t value) const {
        const auto at = words_ ? word_of(group, value) : place(pair_of(group, value));
        if (at < capacity_) __builtin_prefetch(memory() + at, 1);
    }
    size_t size() const { return count_; }
    // Also gives its memory back.
    void clear() {
        memory_ = {};
        capacity_ = count_ = 0;
        words_ = 1;
        values_ = 0;
    }
    size_t bytes() const { return capacity_ * sizeof(uint64_t); }

  private:
    static constexpr size_t kLeastPairs = 64;
    static constexpr uint32_t kMostWords = 16;  // a value

    uint64_t* memory() { return reinterpret_cast<uint64_t*>(memory_.get()); }
    const uint64_t* memory() const { return reinterpret_cast<const uint64_t*>(memory_.get()); }

    // --- Bits ---

    size_t word_of(uint32_t group, uint32_t value) const {
        return size_t(value - 1) * words_ + (group - 1) / 64;
    }
    bool set_bit(uint32_t group, uint32_t value) {
        auto& word = memory()[word_of(group, value)];
        const auto bit = uint64_t(1) << ((group - 1) % 64);
        if (word & bit) return false;
        word |= bit;
        ++count_;
        return true;
    }

    void make_room(uint32_t group, uint32_t value) {
        auto words = words_;
        while (size_t(words) * 64 < group && words <= kMostWords)
            words *= 2;
        const auto values = value <= values_ ? values_ : std::max(2 * values_, value);
        const auto as_bits = size_t(values) * words;
        if (words > kMostWords || (words > 1 && as_bits > pairs_capacity(count_ + 1)))
            return make_pairs();
        auto memory = zeroed(as_bits);
        auto* to = reinterpret_cast<uint64_t*>(memory.get());
        for (size_t v = 0; v < values_; ++v)
            std::memcpy(to + v * words, this->memory() + v * words_, words_ * sizeof(uint64_t));
        memory_ = std::move(memory);
        capacity_ = as_bits;
        words_ = words;
        values_ = values;
    }

    void make_pairs() {
        const auto capacity = pairs_capacity(count_ + 1);
        auto memory = zeroed(capacity);
        std::swap(memory, memory_);
        const auto* from = reinterpret_cast<const uint64_t*>(memory.get());
        const auto words = std::exchange(words_, 0);
        use_pairs(capacity);
        for (uint32_t v = 0; v < values_; ++v)
            for (uint32_t w = 0; w < words; ++w)
                for (auto bits = from[size_t(v) * words + w]; bits; bits &= bits - 1)
                    put(pair_of(w * 64 + uint32_t(__builtin_ctzll(bits)) + 1, v + 1));
    }

    // --- Pairs ---

    static size_t pairs_capacity(size_t count) {
        size_t capacity = kLeastPairs;
        while (count * 4 > capacity * 3)
            capacity *= 2;
        return capacity;
    }
    static uint64_t pair_of(uint32_t group, uint32_t value) {
        return (uint64_t(group) << 32 | value) + 1;
    }
    // The upper bits of a product with 2^64 / φ (Knuth, The Art of Computer Programming, vol. 3,
    // section 6.4): pairs differ in their lower bits.
    size_t place(uint64_t pair) const { return (pair * 0x9E3779B97F4A7C15u) >> shift_; }

    bool put(uint64_t pair) {
        auto* at = memory();
        for (size_t i = place(pair);; i = (i + 1) & (capacity_ - 1)) {
            if (at[i] == pair) return false;
            if (at[i] != 0) continue;
            at[i] = pair;
            ++count_;
            return true;
        }
    }

    void grow(size_t capacity) {
        auto memory = zeroed(capacity);
        std::swap(memory, memory_);
        const auto* from = reinterpret_cast<const uint64_t*>(memory.get());
        const auto old = capacity_;
        use_pairs(capacity);
        for (size_t i = 0; i < old; ++i)
            if (from[i]) put(from[i]);
    }

    void use_pairs(size_t capacity) {
        capacity_ = capacity;
        shift_ = 64 - __builtin_ctzll(capacity);
        count_ = 0;
    }

    duckdb::AllocatedData zeroed(size_t words) {
        auto memory = allocator_.Allocate(words * sizeof(uint64_t));
        std::memset(memory.get(), 0, words * sizeof(uint64_t));
        return memory;
    }

    duckdb::Allocator& allocator_;
    duckdb::AllocatedData memory_;
    size_t capacity_ = 0, count_ = 0;  // words of memory; pairs
    uint32_t words_ = 1;               // of bits to a value; 0: as pairs
    uint32_t values_ = 0;              // that have bits
    int shift_ = 63;
};

}  // namespace tarn::sql
