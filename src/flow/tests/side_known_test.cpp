#include "side_known.h"

#include <set>

#include <gtest/gtest.h>

#include "tarn/base/ids.h"

namespace tarn::flow {
namespace {

TEST(SideKnown, IsASetOfPlaces) {
    Random random(3);
    SideKnown known;
    std::set<std::pair<int32_t, int64_t>> naive;
    for (int i = 0; i < 2'000; ++i) {
        const auto partition = int32_t(random.below(3));
        const auto offset = int64_t(random.below(1'000));
        known.add(partition, offset);
        naive.emplace(partition, offset);
    }
    auto again = SideKnown::parse(known.bytes(), "f");
    ASSERT_TRUE(again) << again.error().message();
    for (int32_t partition = 0; partition < 4; ++partition) {
        for (int64_t offset = -1; offset < 1'002; ++offset) {
            const bool there = naive.contains({partition, offset});
            ASSERT_EQ(known.contains(partition, offset), there) << partition << " " << offset;
            ASSERT_EQ(again->contains(partition, offset), there) << partition << " " << offset;
        }
    }
    EXPECT_EQ(again->bytes(), known.bytes());
    auto all = SideKnown::parse(SideKnown::everything().bytes(), "f");
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->contains(7, 1'000'000));
}

TEST(SideKnown, RefusesAFileThatIsDamaged) {
    SideKnown known;
    known.add(0, 5);
    known.add(2, 7);
    const auto bytes = known.bytes();
    for (size_t i = 0; i < bytes.size(); ++i) {
        auto wrong = bytes;
        wrong[i] = char(wrong[i] ^ 0x41);
        EXPECT_FALSE(SideKnown::parse(wrong, "f")) << i;
        EXPECT_FALSE(SideKnown::parse(bytes.substr(0, i), "f")) << i;
    }
}

}  // namespace
}  // namespace tarn::flow
