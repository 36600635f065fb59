#include "step.h"

#include "tarn/base/memory_level.h"

namespace tarn::flow {
namespace {

// Of memory.limit: what the ids or the open sessions of one flow take, and while memory is short.
constexpr int64_t kPartOfState = 16, kShortPartOfState = 64;

}  // namespace

int64_t Step::state_share() const {
    if (options_.state_bytes > 0) return options_.state_bytes;
    if (!world_.memory) return INT64_MAX;
    const bool is_short = memory_level(world_.memory.get()) >= MemoryLevel::kShort;
    return world_.memory->limit() / (is_short ? kShortPartOfState : kPartOfState);
}

Status Step::make_spill_folder() {
    if (!spills_) TARN_RETURN_IF_ERROR(world_.fs.create_folders(spill_folder()));
    spills_ = true;
    return {};
}

Status Step::remove_spill_folder() {
    spills_ = false;
    return world_.fs.exists(spill_folder()) ? world_.fs.remove_tree(spill_folder()) : Status();
}

}  // namespace tarn::flow
