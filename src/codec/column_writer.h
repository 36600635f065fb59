#pragma once

// Fills one column of a batch whose greatest number of rows is known. Text of few distinct values
// is coded by a dictionary. Private to codec.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "tarn/base/bytes.h"
#include "tarn/codec/column_batch.h"

namespace tarn::codec {

// A TextRef from text with at least 12 readable bytes at its start, without a call of memcpy.
inline TextRef text_ref_of_padded(std::string_view s) {
    TextRef ref;
    char* to = reinterpret_cast<char*>(&ref);
    if (s.size() <= TextRef::kInline) {
        static_assert(std::endian::native == std::endian::little);
        uint64_t low = load_le<uint64_t>(s.data());
        uint64_t high = load_le<uint32_t>(s.data() + 8);
        size_t n = s.size();
        low = n >= 8 ? low : low & ((uint64_t(1) << (8 * n)) - 1);
        high = n <= 8 ? 0 : high & ((uint64_t(1) << (8 * (n - 8))) - 1);
        store_le<uint64_t>(to, uint64_t(uint32_t(n)) | low << 32);
        store_le<uint64_t>(to + 8, low >> 32 | high << 32);
    } else {
        store_le<uint64_t>(to, uint64_t(uint32_t(s.size())) | uint64_t(load_le<uint32_t>(s.data()))
                                                                  << 32);
        store_le<uint64_t>(to + 8, reinterpret_cast<uint64_t>(s.data()));
    }
    return ref;
}

class ColumnWriter {
  public:
    ColumnWriter(ColumnType type, uint32_t dictionary_limit)
        : limit_(type == ColumnType::kText ? dictionary_limit : 0), type_(std::move(type)) {}

    // A new column of at most this many rows.
    void begin(size_t rows);
    void put_null(size_t row);
    // T is the value's type of the column.
    template <class T>
    void put(size_t row, T v) {
        std::memcpy(values_ + row * sizeof(T), &v, sizeof(T));
    }
    void put_text(size_t row, TextRef ref) {
        if (coding_)
            put_coded(row, ref);
        else
            put(row, ref);
    }
    // The row was not accepted: what was put there is forgotten.
    void forget(size_t row) {
        if (!column_.validity.empty()) column_.validity[row / 64] |= uint64_t(1) << (row % 64);
    }
    Column finish(size_t rows);

  private:
    // A place of the hash table; of this batch only if the stamp is.
    struct Slot {
        uint32_t stamp = 0;
        uint32_t code = 0;
        uint64_t hash = 0;
    };
    void put_coded(size_t row, TextRef ref);
    void add_entry(size_t row, TextRef ref, uint64_t hash);
    void grow_table();
    void stop_coding(size_t rows);

    const uint32_t limit_;
    const ColumnType type_;
    Column column_;
    size_t most_rows_ = 0;
    char* values_ = nullptr;     // of the column
    uint32_t* codes_ = nullptr;  // of the column, while it is coded

    bool coding_ = false;
    uint32_t most_entries_ = 0;  // of this batch
    uint32_t coded_values_ = 0;  // put so far
    uint32_t stamp_ = 0;
    std::vector<Slot> slots_;
    std::vector<TextRef> entries_;
    uint32_t pause_ = 0, next_pause_ = 1;  // batches not to try after one that had too many values
};

}  // namespace tarn::codec
