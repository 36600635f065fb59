#include "tarn/base/memory_level.h"

#include <algorithm>

namespace tarn {
namespace {

// Percent of the limit.
constexpr int64_t kTightFrom = 70, kShortFrom = 80, kFullFrom = 92, kUncountedUpTo = 95;

}  // namespace

std::string_view to_string(MemoryLevel level) {
    switch (level) {
        case MemoryLevel::kFree:
            return "free";
        case MemoryLevel::kTight:
            return "tight";
        case MemoryLevel::kShort:
            return "short";
        case MemoryLevel::kFull:
            return "full";
    }
    return "";
}

MemoryLevel memory_level(const MemoryBudget* root) {
    if (!root) return MemoryLevel::kFree;
    const auto used = root->used(), part = root->limit() / 100;
    if (used >= part * kFullFrom) return MemoryLevel::kFull;
    if (used >= part * kShortFrom) return MemoryLevel::kShort;
    return used >= part * kTightFrom ? MemoryLevel::kTight : MemoryLevel::kFree;
}

UncountedMemory::UncountedMemory(std::shared_ptr<MemoryBudget> root) : root_(std::move(root)) {
    if (auto none = root_->reserve(0)) reservation_ = std::move(*none);
}

void UncountedMemory::look(int64_t held_bytes) {
    const auto counted = root_->used() - reservation_.bytes();
    const auto most = root_->limit() / 100 * kUncountedUpTo - counted;
    // Refused where somebody reserved in between: the next look sees it.
    (void)reservation_.resize(std::max<int64_t>(0, std::min(held_bytes - counted, most)));
}

}  // namespace tarn
