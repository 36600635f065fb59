#pragma once

// Rows as columns, in the form DuckDB's vectors have, so that module `sql` adopts them without a copy. A batch owns
// its arrays; text may point into buffers that the batch keeps alive. Immutable once shared (shared_ptr<const>), and
// then safe to read from any thread.

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/check.h"
#include "tarn/base/result.h"
#include "tarn/codec/shared_array.h"

namespace tarn::codec {

enum class ColumnType : uint8_t {
    kBool,       // uint8_t, 0 or 1
    kInt32,      // int32_t
    kInt64,      // int64_t
    kDouble,     // double
    kText,       // TextRef, valid UTF-8
    kBytes,      // TextRef, any bytes
    kTimestamp,  // int64_t, microseconds since the epoch, UTC (an instant)
    kDate,       // int32_t, days since the epoch
};
// SQL names: BOOLEAN, INTEGER, BIGINT, DOUBLE, VARCHAR, BLOB, TIMESTAMPTZ, DATE. parse also takes the usual
// aliases (int, long, string, text, timestamp, …), in any case. Errors: kInvalidArgument naming the nearest.
std::string_view to_string(ColumnType type);
Result<ColumnType> parse_column_type(std::string_view name);
size_t column_width(ColumnType type);  // bytes of a value

// 16 bytes, laid out as DuckDB's string_t: up to 12 bytes inline (rest zero), else a 4-byte prefix and a pointer.
struct TextRef {
    static constexpr uint32_t kInline = 12;
    uint32_t length = 0;
    char bytes[12] = {};

    TextRef() = default;
    explicit TextRef(std::string_view s) : length(uint32_t(s.size())) {
        if (length <= kInline) {
            std::memcpy(bytes, s.data(), s.size());
        } else {
            std::memcpy(bytes, s.data(), 4);
            const char* p = s.data();
            std::memcpy(bytes + 4, &p, sizeof p);
        }
    }
    std::string_view view() const {
        if (length <= kInline) return {bytes, length};
        const char* p;
        std::memcpy(&p, bytes + 4, sizeof p);
        return {p, length};
    }
};
static_assert(sizeof(TextRef) == 16);

struct ColumnSpec {
    std::string name;
    ColumnType type = ColumnType::kText;
    bool required = false;  // a missing or null value rejects the row
    friend bool operator==(const ColumnSpec&, const ColumnSpec&) = default;
};

// One column; copies share its arrays. A text column of few distinct values may be dictionary-coded: then `codes` has a row each and `data`
// holds the dictionary's TextRefs; the row's validity still stands in `validity`.
struct Column {
    ColumnType type = ColumnType::kText;
    SharedArray<char> data;          // row_count (or dictionary size) × column_width(type) bytes
    SharedArray<uint64_t> validity;  // bit i of word i/64 set = row i is not null; empty = no nulls
    SharedArray<uint32_t> codes;     // row → index into data; only if dictionary
    bool dictionary = false;

    template <class T>
    T* values() {
        return reinterpret_cast<T*>(data.data());
    }
    template <class T>
    const T* values() const {
        return reinterpret_cast<const T*>(data.data());
    }
    bool is_null(size_t row) const {
        return !validity.empty() && !(validity[row / 64] >> (row % 64) & 1);
    }
    // rows: the batch's row count, needed when this is the first null.
    void set_null(size_t row, size_t rows) {
        if (validity.empty()) validity.assign((rows + 63) / 64, ~uint64_t(0));
        validity[row / 64] &= ~(uint64_t(1) << (row % 64));
    }
    std::string_view text(size_t row) const {
        return values<TextRef>()[dictionary ? codes[row] : row].view();
    }
    size_t dictionary_size() const { return data.size() / sizeof(TextRef); }
};

struct ColumnBatch {
    std::vector<ColumnSpec> schema;
    std::vector<Column> columns;  // one for each of the schema
    size_t row_count = 0;
    std::vector<std::shared_ptr<const void>> buffers;  // what text points into

    // Index of a column by name, -1 if absent.
    int find(std::string_view name) const {
        for (size_t i = 0; i < schema.size(); ++i)
            if (schema[i].name == name) return int(i);
        return -1;
    }
    size_t memory_bytes() const;
};

// Builds a column value by value where speed does not matter (tests, metadata, small results). Text longer than 12
// bytes is copied into a buffer of the builder's, which must be handed to the batch.
class ColumnBuilder {
  public:
    explicit ColumnBuilder(ColumnType type);
    void add_null();
    void add_bool(bool v);
    void add_int(int64_t v);  // kInt32, kInt64, kTimestamp, kDate
    void add_double(double v);
    void add_text(std::string_view v);  // kText, kBytes
    // The column; moves its buffer into `batch.buffers`.
    Column finish(ColumnBatch& batch);

  private:
    struct Arena;
    Column column_;
    size_t rows_ = 0;
    std::vector<size_t> nulls_;
    std::shared_ptr<Arena> arena_;
};

}  // namespace tarn::codec
