#pragma once

// Per-file statistics as Spark writes them (PROTOCOL.md "Per-file Statistics").

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"

namespace tarn::delta {

inline constexpr int kIndexedColumns = 32;  // delta.dataSkippingNumIndexedCols
inline constexpr size_t kPrefixUnits = 32;  // of text, in UTF-16 units as Spark counts

// The JSON text of add.stats for a file that holds these rows and columns (by index, in the file's
// order): count of nulls, min and max of the first `indexed` of them (-1: all), bounds only if each
// that has a value has both (NaN, infinity and times outside the years 1 to 9999 have none; bytes
// never). A struct is an object of its fields, each of which counts as a column; a field of a
// struct that is NULL is NULL. Lists and maps count and have nothing, nor has what is in them.
// Dictionary columns are compared by their dictionary.
std::string file_statistics(std::span<const std::shared_ptr<const codec::ColumnBatch>> batches,
                            std::span<const int> columns, int indexed = kIndexedColumns);

// A prefix that is ≤ the text, and one that is ≥ it (nothing if none can be made).
std::string_view truncate_min(std::string_view text);
std::optional<std::string> truncate_max(std::string_view text);

// What a file's statistics say about one top-level column. Text of JSON strings is undone, numbers
// stand as they came (decimals exactly). For timestamps, which are cut to milliseconds, a reader
// adds one to the maximum.
struct ColumnRange {
    std::optional<std::string> min, max;
    std::optional<int64_t> nulls;
};
// One for each name (the file's own, physical names). What is absent or cannot be read is nothing:
// keep the file.
std::vector<ColumnRange> read_statistics(std::string_view stats,
                                         std::span<const std::string> columns);

// The same of all columns, those inside of structs too, by leaf_name() of physical names, for who
// judges a file: nothing is looked over. Errors: kCorrupted (no JSON object with numRecords, or a
// count or bound of another form).
Result<std::map<std::string, ColumnRange>> read_leaf_statistics(std::string_view stats);
std::string leaf_name(std::string_view parent, std::string_view name);  // no parent: empty

}  // namespace tarn::delta
