#pragma once

#include <cstdint>

#include "tarn/sql/window_start.h"

namespace duckdb {
struct interval_t;
}

namespace tarn::sql {

// The microseconds of tumble()'s second argument. Throws InvalidInputException for months and for
// nothing.
int64_t tumble_size_us(const duckdb::interval_t& size);

}  // namespace tarn::sql
