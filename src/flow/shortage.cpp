#include "shortage.h"

#include <fmt/format.h>

#include "tarn/base/memory_level.h"
#include "tarn/base/settings.h"
#include "tarn/sql/engine_memory.h"

namespace tarn::flow {
namespace {

std::string counted(int64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Who has it all: the process, or the flows' SQL of what it may hold.
std::string what_is_short(const MemoryBudget* root, sql::Engine& engine) {
    if (root && memory_level(root) >= MemoryLevel::kShort)
        return fmt::format("memory.limit is {}, of which {} are held", format_bytes(root->limit()),
                           format_bytes(root->used()));
    return fmt::format("the flows' SQL holds {} of the {} that it may hold now",
                       format_bytes(sql::memory_used(engine)),
                       format_bytes(sql::memory_limit(engine)));
}

}  // namespace

std::string shortage_text(const FlowMemory& memory, const MemoryBudget* root, sql::Engine& engine) {
    std::string out;
    auto add = [&](const std::string& what) { out += (out.empty() ? "" : "; ") + what; };
    if (memory.waits) add("it waits until batches of other flows give back their memory");
    if (memory.windows > 0)
        add(counted(memory.windows, "open window") +
            (memory.windows == 1 ? " keeps its rows on the disk, its results are shown when it ends"
                                 : " keep their rows on the disk, their results are shown when "
                                   "they end"));
    if (!out.empty()) out += ": " + what_is_short(root, engine);
    if (memory.sessions > 0) add(counted(memory.sessions, "open session") + " on the disk");
    if (memory.ids > 0) add(counted(memory.ids, "id") + " of the deduplication window on the disk");
    return out;
}

Error with_holders(const Error& error, sql::Engine& engine) {
    if (error.code() != ErrorCode::kResourceExhausted) return error;
    return Error(error.id(), fmt::format("{}; the flows' SQL holds {}", error.message(),
                                         sql::memory_by_use(engine)));
}

}  // namespace tarn::flow
