#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tarn/codec/column_batch.h"

namespace tarn::delta {

using Batches = std::span<const std::shared_ptr<const codec::ColumnBatch>>;

// The fields of a struct column (index `at`) as columns, a batch for each; a field of a struct that
// is NULL is NULL. Of lists and maps only which are NULL. Nothing if the bytes are no values of the
// type (nested.h). Copies: the time is that of reading all values once.
std::vector<std::shared_ptr<const codec::ColumnBatch>> fields_of_struct(Batches batches, int at);

}  // namespace tarn::delta
