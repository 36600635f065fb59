#pragma once

#include <cstdint>

namespace duckdb {
struct interval_t;
}

namespace tarn::sql {

// floor((t − epoch) / size) · size; t and size in microseconds, size > 0.
inline int64_t window_start(int64_t t, int64_t size) {
    const auto rest = t % size;
    return rest < 0 ? t - rest - size : t - rest;
}

// The microseconds of tumble()'s second argument. Throws InvalidInputException for months and for
// nothing.
int64_t tumble_size_us(const duckdb::interval_t& size);

}  // namespace tarn::sql
