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
#include <utility>
#include <vector>

#include "tarn/base/check.h"
#include "tarn/base/result.h"
#include "tarn/codec/shared_array.h"

namespace tarn::codec {

struct ColumnField;

// The type of a column's values: a kind, and what the kind needs to be whole. Small and cheap to
// copy: fields of a nested type are shared and never change. Kinds are written to disk by number
// (views): new ones go to the end.
class ColumnType {
  public:
    enum Kind : uint8_t {
        kBool,          // uint8_t, 0 or 1
        kInt32,         // int32_t
        kInt64,         // int64_t
        kDouble,        // double
        kText,          // TextRef, valid UTF-8
        kBytes,         // TextRef, any bytes
        kTimestamp,     // int64_t, microseconds since the epoch, UTC (an instant)
        kDate,          // int32_t, days since the epoch
        kDecimal,       // Int128: the value × 10^scale
        kTimestampNtz,  // int64_t, microseconds since 1970-01-01 00:00 on some clock (no zone)
        kStruct,        // TextRef, a nested value (nested.h)
        kList,          // as kStruct
        kMap,           // as kStruct
    };
    static constexpr Kind kLast = kMap;

    constexpr ColumnType(Kind kind = kText) : kind_(kind) {}
    constexpr ColumnType(const ColumnType& other) noexcept
        : kind_(other.kind_),
          precision_(other.precision_),
          scale_(other.scale_),
          nested_(other.nested_) {
        if (nested_) retain();
    }
    constexpr ColumnType& operator=(ColumnType other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(precision_, other.precision_);
        std::swap(scale_, other.scale_);
        std::swap(nested_, other.nested_);
        return *this;
    }
    constexpr ~ColumnType() {
        if (nested_) release();
    }

    // 1 ≤ precision ≤ 38, scale ≤ precision: digits, and those of them behind the point.
    static ColumnType decimal(int precision, int scale);
    static ColumnType list(ColumnType element);
    static ColumnType map(ColumnType key, ColumnType value);
    static ColumnType structure(std::vector<ColumnField> fields);

    constexpr operator Kind() const { return kind_; }  // NOLINT: a type is its kind in a switch
    constexpr Kind kind() const { return kind_; }
    constexpr int precision() const { return precision_; }  // kDecimal
    constexpr int scale() const { return scale_; }          // kDecimal
    constexpr bool is_nested() const { return kind_ >= kStruct; }
    // Whether its values are TextRefs.
    constexpr bool is_text() const { return kind_ == kText || kind_ == kBytes || is_nested(); }
    // kStruct: its fields; kList: "element"; kMap: "key" and "value". Lives as long as a copy.
    const std::vector<ColumnField>& fields() const;

    friend bool operator==(const ColumnType& a, const ColumnType& b) {
        return a.kind_ == b.kind_ && a.precision_ == b.precision_ && a.scale_ == b.scale_ &&
               (a.nested_ == b.nested_ || same_fields(a, b));
    }
    friend constexpr bool operator==(const ColumnType& a, Kind b) { return a.kind_ == b; }

  private:
    struct Nested;
    ColumnType(Kind kind, std::vector<ColumnField> fields);
    static bool same_fields(const ColumnType& a, const ColumnType& b);
    void retain() const;
    void release() const;

    Kind kind_;
    uint8_t precision_ = 0, scale_ = 0;
    Nested* nested_ = nullptr;  // counts its owners
};

// Of a nested type.
struct ColumnField {
    std::string name;
    ColumnType type;
    friend bool operator==(const ColumnField&, const ColumnField&) = default;
};

// BOOLEAN, INTEGER, BIGINT, DOUBLE, VARCHAR, BLOB, TIMESTAMPTZ, DATE, DECIMAL(12,2), TIMESTAMP_NTZ,
// STRUCT<a: INTEGER, b: LIST<VARCHAR>>, MAP<VARCHAR, DOUBLE>. parse reads that in any case, and the
// usual aliases (int, long, string, text, timestamp, …). Errors: kInvalidArgument naming the
// nearest; kUnsupported for a type that a table cannot have (time), with what to do. Nests at most
// kMostTypeDepth deep.
std::string to_string(const ColumnType& type);
Result<ColumnType> parse_column_type(std::string_view name);
inline constexpr int kMostTypeDepth = 16;
size_t column_width(ColumnType::Kind kind);  // bytes of a value

// The digits of a decimal, laid out as DuckDB's hugeint_t.
__extension__ typedef __int128 Int128;  // NOLINT: `using` takes no __extension__
inline constexpr int kMostDigits = 38;
Int128 power_of_ten(int exponent);  // 0 ≤ exponent ≤ 38
// "-12.30": as many digits behind the point as the scale says.
std::string decimal_text(Int128 value, int scale);
// "2026-11-27T14:00:00.000000": a kTimestampNtz.
std::string local_time_text(int64_t us);

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
    void add_int(int64_t v);  // kInt32, kInt64, kTimestamp, kTimestampNtz, kDate
    void add_decimal(Int128 v);
    void add_double(double v);
    void add_text(std::string_view v);  // kText, kBytes, and nested values as nested.h has them
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
