#include "tarn/base/memory_level.h"

#include <gtest/gtest.h>

namespace tarn {
namespace {

TEST(MemoryLevel, FollowsWhatTheProcessHolds) {
    auto root = MemoryBudget::root("all", 1000);
    UncountedMemory uncounted(root);
    auto counted = root->child("part", 1000)->reserve(100).value();
    const std::pair<int64_t, MemoryLevel> looks[] = {
        {50, MemoryLevel::kFree},   {690, MemoryLevel::kFree}, {700, MemoryLevel::kTight},
        {800, MemoryLevel::kShort}, {920, MemoryLevel::kFull}, {5000, MemoryLevel::kFull},
        {0, MemoryLevel::kFree}};
    for (const auto& [held, level] : looks) {
        uncounted.look(held);
        EXPECT_EQ(to_string(memory_level(root.get())), to_string(level)) << held;
    }
    EXPECT_EQ(root->used(), 100);
    EXPECT_EQ(to_string(memory_level(nullptr)), "free");
}

TEST(MemoryLevel, WhatIsCountedIsNotCountedTwiceAndHasRoomOfItsOwn) {
    auto root = MemoryBudget::root("all", 1000);
    UncountedMemory uncounted(root);
    auto counted = root->reserve(300).value();
    uncounted.look(400);
    EXPECT_EQ(uncounted.bytes(), 100);
    uncounted.look(100'000);
    EXPECT_EQ(root->used(), 950);
    EXPECT_TRUE(counted.resize(350));
    EXPECT_FALSE(counted.resize(351));
    uncounted.look(100'000);
    EXPECT_EQ(uncounted.bytes(), 600);
}

}  // namespace
}  // namespace tarn
