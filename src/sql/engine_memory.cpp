#include "tarn/sql/engine_memory.h"

#include "duckdb/storage/buffer_manager.hpp"

#include "duck.h"

namespace tarn::sql {

static duckdb::BufferManager& manager_of(Engine& engine) {
    return duckdb::BufferManager::GetBufferManager(engine.impl().instance());
}

int64_t memory_used(Engine& engine) { return int64_t(manager_of(engine).GetUsedMemory()); }

int64_t memory_limit(Engine& engine) { return int64_t(manager_of(engine).GetMaxMemory()); }

bool set_memory_limit(Engine& engine, int64_t bytes) {
    // It says by an exception that it cannot spill so much.
    try {
        manager_of(engine).SetMemoryLimit(duckdb::idx_t(bytes));
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace tarn::sql
