#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "tarn/codec/column_batch.h"

namespace tarn::codec {

// Only these rows of a batch, in this order. Dictionaries and the buffers that text points into are shared.
std::shared_ptr<const ColumnBatch> select_rows(const ColumnBatch& batch,
                                               std::span<const uint32_t> rows);

}  // namespace tarn::codec
