#pragma once

#include <cstdint>

namespace tarn::sql {

// floor((t − epoch) / size) · size; t and size in microseconds, size > 0.
inline int64_t window_start(int64_t t, int64_t size) {
    const auto rest = t % size;
    return rest < 0 ? t - rest - size : t - rest;
}

}  // namespace tarn::sql
