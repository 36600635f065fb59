#pragma once

// Splits the rows of an append by their partition values: one part, and later one file, for each.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tarn/codec/column_batch.h"

namespace tarn::lake {

using Batches = std::vector<std::shared_ptr<const codec::ColumnBatch>>;
using PartitionKey =
    std::vector<std::optional<std::string>>;  // texts as the log has them, null first

// Rows keep their order. A batch that belongs to one part as a whole is shared, not copied.
// `columns`: indexes of the partition columns; none gives one part with all rows. Batches without
// rows are left out.
std::map<PartitionKey, Batches> split_by_partition(
    std::span<const std::shared_ptr<const codec::ColumnBatch>> batches,
    std::span<const int> columns);

}  // namespace tarn::lake
