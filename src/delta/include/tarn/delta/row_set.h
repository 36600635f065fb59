#pragma once

// Rows of a data file by their positions, in at most a bit for each row of the file.

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tarn::delta {

// One thread changes it; several may read one that does not change.
class RowSet {
  public:
    RowSet() = default;
    explicit RowSet(std::span<const uint64_t> rows) {
        for (const auto row : rows)
            add(row);
    }

    void add(uint64_t row) {
        auto& word = chunks_[row / kChunkRows][row % kChunkRows / 64];
        const auto bit = uint64_t(1) << (row % 64);
        size_ += (word & bit) == 0;
        word |= bit;
    }
    bool contains(uint64_t row) const { return word(row) & 1; }
    uint64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    // Which of the 64 rows from this one on are in it: bit n is row `from` + n.
    uint64_t word(uint64_t from) const {
        const auto shift = from % 64;
        const auto low = aligned(from / 64) >> shift;
        return shift == 0 ? low : low | aligned(from / 64 + 1) << (64 - shift);
    }
    // In ascending order.
    template <class F>
    void each(F&& f) const {
        for (const auto& [number, words] : chunks_)
            for (size_t i = 0; i < words.size(); ++i)
                for (auto word = words[i]; word != 0; word &= word - 1)
                    f(number * kChunkRows + i * 64 + uint64_t(std::countr_zero(word)));
    }
    std::vector<uint64_t> rows() const {
        std::vector<uint64_t> out;
        out.reserve(size_);
        each([&](uint64_t row) { out.push_back(row); });
        return out;
    }

  private:
    static constexpr uint64_t kChunkRows = 1 << 16;
    using Chunk = std::array<uint64_t, kChunkRows / 64>;

    uint64_t aligned(uint64_t number) const {
        const auto at = chunks_.find(number / (kChunkRows / 64));
        return at == chunks_.end() ? 0 : at->second[number % (kChunkRows / 64)];
    }

    std::map<uint64_t, Chunk> chunks_;
    uint64_t size_ = 0;
};

}  // namespace tarn::delta
