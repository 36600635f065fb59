#pragma once

// Rows of a view as keys and values of an ordered byte store.
//
//   key     := (0x00 (NULL) | 0x01 ordered){key columns}
//   ordered := integers, timestamps, dates and the digits of decimals (16 bytes) big-endian with
//              the sign bit flipped; doubles as
//              their bits, flipped so that they order as numbers (−0 = 0, every NaN one value
//              behind +infinity); booleans one byte; text and bytes with 0x00 written as 00 FF,
//              closed by 00 00
//   value   := version u8 = 1 | null bits, one for each other column, lowest first | the others
//              that are not NULL: integers zigzag varints, doubles 8 bytes and decimals 16
//              little-endian, booleans one byte, text, bytes and nested values (codec/nested.h)
//              varint length and bytes

#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/bytes.h"
#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/view/view.h"

namespace tarn::view {

inline constexpr uint8_t kValueVersion = 1;

// Encodes and decodes rows of one view. Immutable; safe from any thread.
class RowCodec {
  public:
    // Errors: kInvalidArgument (no columns, no key, a key column out of range or named twice).
    static Result<RowCodec> make(const ViewSpec& spec);

    // Whether a batch has the view's columns, in order and type. Errors: kInvalidArgument naming
    // the column.
    Status check_schema(const codec::ColumnBatch& batch) const;
    // `indexes[k]` is the batch's column of the k-th key column.
    void append_key(const codec::ColumnBatch& batch, const std::vector<int>& indexes, size_t row,
                    std::string& out) const;
    void append_key(const codec::ColumnBatch& batch, size_t row, std::string& out) const {
        append_key(batch, key_, row, out);
    }
    void append_value(const codec::ColumnBatch& batch, size_t row, std::string& out) const;
    // The columns of a batch of keys by name. Errors: kInvalidArgument naming what is missing or of
    // another type.
    Result<std::vector<int>> key_columns_of(const codec::ColumnBatch& keys) const;
    // Where keys begin whose first column, a TIMESTAMPTZ, is `t` or later. NULL is below every
    // instant.
    static std::string key_from(Timestamp t);
    static std::string first_not_null() { return std::string(1, '\x01'); }
    bool first_key_is_time() const {
        return columns_[size_t(key_[0])].type == codec::ColumnType::kTimestamp;
    }

    // Collects decoded rows.
    class Rows {
      public:
        explicit Rows(const RowCodec& codec);
        // Errors: kCorrupted, kUnsupported (a newer version).
        Status add(std::string_view key, std::string_view value);
        size_t count() const { return rows_; }
        std::shared_ptr<const codec::ColumnBatch> finish();

      private:
        const RowCodec& codec_;
        std::vector<codec::ColumnBuilder> builders_;
        std::string text_;
        size_t rows_ = 0;
    };

  private:
    std::vector<codec::ColumnSpec> columns_;
    std::vector<int> key_;
    std::vector<int> others_;  // columns that are not in the key
};

// A view's name, columns, key and generation as bytes, and back. Errors: kCorrupted, kUnsupported
// (newer version).
std::string encode_spec(const ViewSpec& spec);
Result<ViewSpec> decode_spec(std::string_view bytes);

// Whether a view that stands may be opened as `wanted`. Errors: kFailedPrecondition, saying what
// differs.
Status check_same(const ViewSpec& stands, const ViewSpec& wanted);

}  // namespace tarn::view
