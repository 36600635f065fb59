#pragma once

// Per-file statistics as Spark writes them (PROTOCOL.md "Per-file Statistics").

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tarn/codec/column_batch.h"

namespace tarn::delta {

inline constexpr int kIndexedColumns = 32;  // delta.dataSkippingNumIndexedCols
inline constexpr size_t kPrefixUnits = 32;  // of text, in UTF-16 units as Spark counts

// The JSON text of add.stats for a file that holds these rows and columns (by index, in the file's
// order); counts for all, min and max for the first `indexed` of them (-1: all). Dictionary columns
// are compared by their dictionary.
std::string file_statistics(std::span<const std::shared_ptr<const codec::ColumnBatch>> batches,
                            std::span<const int> columns, int indexed = kIndexedColumns);

// A prefix that is ≤ the text, and one that is ≥ it (nothing if none can be made).
std::string_view truncate_min(std::string_view text);
std::optional<std::string> truncate_max(std::string_view text);

}  // namespace tarn::delta
