#pragma once

// The footer of a Parquet file (apache/parquet-format, parquet.thrift), as far as it takes to make
// one file of the row groups of several without looking into them:
//
//   file   := "PAR1" row groups footer length(4 bytes, little-endian) "PAR1"
//   footer := FileMetaData, in Thrift's compact protocol
//
// Whatever is not understood is refused, so that nothing is copied whose meaning depends on where
// it stood: unknown fields of what holds offsets, encryption, chunks in other files. Page indexes
// and bloom filters, which lie outside of the row groups, are left out of what is made.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/thrift_compact.h"

namespace tarn::codec {

inline constexpr std::string_view kParquetMagic = "PAR1";
inline constexpr size_t kParquetTail = 8;  // bytes of length and magic behind the footer

// A column, or a group of them, in the order in which they stand.
struct ParquetElement {
    static constexpr int kGroup = -1;
    enum Physical { kBoolean, kInt32, kInt64, kInt96, kFloat, kDouble, kBytes, kFixed };
    enum Repetition { kRequired, kOptional, kRepeated };

    std::string name;
    int type = kGroup;   // Physical
    int64_t length = 0;  // of kFixed, bytes
    int repetition = kRequired;
    int64_t children = 0;  // that follow, each with what is in it
    // What is meant, whether the newer or the older annotation says it: "string", "list", "map",
    // "enum", "decimal", "date", "int8", "uint32", "timestamp(utc,micros)", "time(local,millis)"….
    // Empty: what the physical type says; also of signed integers of its size.
    std::string meaning;
    int64_t scale = 0, precision = 0;  // of a decimal
    std::optional<int64_t> id;
    friend bool operator==(const ParquetElement&, const ParquetElement&) = default;
};

struct ParquetChunk {
    uint64_t begin = 0, end = 0;  // of its pages, in the file
    int64_t values = 0;           // NULLs count
};
struct ParquetGroup {
    int64_t rows = 0;
    std::vector<ParquetChunk> chunks;  // one for each leaf, each behind the one before
    std::string_view text;             // RowGroup
    uint64_t begin() const { return chunks.front().begin; }
    uint64_t end() const { return chunks.back().end; }
};
struct ParquetFooter {
    int64_t version = 1, rows = 0;
    std::vector<ParquetElement> elements;  // the first is the root
    std::vector<ParquetGroup> groups;      // each behind the one before, all before the footer
    std::string created_by;
    std::string_view elements_text, orders_text;  // schema, column_orders (may be empty)
    std::vector<std::string_view> properties;     // KeyValue
    std::shared_ptr<const std::string> text;      // where the views are
};

// `text`: FileMetaData alone; `end`: where it begins in the file. Errors: kUnsupported (a file that
// is not to be copied, with the reason), kCorrupted.
Result<ParquetFooter> parse_parquet_footer(std::string text, uint64_t end);

// Whether row groups of both may stand in one file: columns that mean the same in the same order,
// by the same writer (readers know of the errors of some), with bounds by the same order.
bool is_same_form(const ParquetFooter& a, const ParquetFooter& b);

// Footer of a file that is made of row groups of others, all of the same form.
class ParquetJoin {
  public:
    static constexpr size_t kMostGroups = INT16_MAX;  // RowGroup.ordinal

    // The groups of `from`, whose bytes stand in the new file from these on, one for each.
    void add(const ParquetFooter& from, const std::vector<uint64_t>& begins);
    // With length and magic: the end of the file. At least one file was added.
    std::string finish() const;

  private:
    void add_group(const ParquetGroup& group, uint64_t begin);
    std::optional<ParquetFooter> first_;        // without its groups
    std::vector<std::string_view> properties_;  // that all have; of the first one's text
    std::vector<std::string> groups_;
    int64_t version_ = 1, rows_ = 0;
};

// What stands before each page.
struct ParquetPage {
    size_t header = 0;            // bytes
    uint64_t body = 0;            // bytes that follow
    int64_t values = 0;           // of a data page; 0 of others
    std::optional<uint32_t> crc;  // CRC-32 of the body
};
// From the bytes that begin with it; nothing if they are too few, or are no page's.
std::optional<ParquetPage> parse_parquet_page(std::string_view bytes);

}  // namespace tarn::codec
