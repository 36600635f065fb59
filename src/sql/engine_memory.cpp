#include "tarn/sql/engine_memory.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "duckdb/common/enum_util.hpp"
#include "duckdb/common/string_util.hpp"
#include "duckdb/storage/buffer_manager.hpp"

#include "duck.h"
#include "tarn/base/settings.h"

namespace tarn::sql {

static constexpr uint64_t kWorthNaming = 1 << 20;  // bytes

static duckdb::BufferManager& manager_of(Engine& engine) {
    return duckdb::BufferManager::GetBufferManager(engine.impl().instance());
}

int64_t memory_used(Engine& engine) { return int64_t(manager_of(engine).GetUsedMemory()); }

int64_t memory_limit(Engine& engine) { return int64_t(manager_of(engine).GetMaxMemory()); }

std::string memory_by_use(Engine& engine) {
    auto uses = manager_of(engine).GetMemoryUsageInfo();
    std::ranges::sort(uses, std::greater(), &duckdb::MemoryInformation::size);
    std::string out;
    for (const auto& use : uses)
        if (use.size >= kWorthNaming)
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                               duckdb::StringUtil::Lower(duckdb::EnumUtil::ToString(use.tag)),
                               format_bytes(int64_t(use.size)));
    return out;
}

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
