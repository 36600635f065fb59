#pragma once

// Keys of rows as numbers, and rows apart by them: all rows of a key go together.

#include <array>
#include <cstdint>
#include <vector>

#include "input.h"

namespace tarn::flow {

// By row, of these columns. Keys that GROUP BY holds for equal have the same; others very rarely.
std::vector<uint64_t> key_hashes(const codec::ColumnBatch& rows, const std::vector<int>& key);

// The rows, in their order, by a bit (0 to 63) of their keys' hashes.
std::array<std::vector<BatchPtr>, 2> halves_by_key(const std::vector<BatchPtr>& batches,
                                                   const std::vector<int>& key, int bit);

}  // namespace tarn::flow
