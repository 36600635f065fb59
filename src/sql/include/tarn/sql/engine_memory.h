#pragma once

// What an engine holds of memory, and may hold, while it runs. Thread-safe.

#include <cstdint>
#include <string>

#include "tarn/sql/engine.h"

namespace tarn::sql {

// Bytes that its queries and the windows of its live queries hold now.
int64_t memory_used(Engine& engine);
int64_t memory_limit(Engine& engine);
// What for, largest first: "hash_table 80.0 MiB, parquet_reader 12.0 MiB".
std::string memory_by_use(Engine& engine);
// Spills what is over the new limit and can be spilled; false, and the old one stands, where that
// is not enough.
bool set_memory_limit(Engine& engine, int64_t bytes);

}  // namespace tarn::sql
