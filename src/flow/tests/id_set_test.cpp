// Ids are known within the window, forgotten behind it, and the memory follows what is known.

#include "id_set.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tarn/base/ids.h"
#include "tarn/base/memory.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

MemoryReservation reserved(const std::shared_ptr<MemoryBudget>& budget) {
    return std::move(budget->reserve(0)).value();
}

TEST(IdSet, KnowsWhatAMapKnows) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        Random random(seed);
        auto budget = MemoryBudget::root("ids", INT64_MAX);
        IdSet ids(random.next(), reserved(budget));
        std::map<std::string, int64_t> naive;  // id → second
        int64_t before = 1;
        for (int64_t now = 100; now < 400; ++now) {
            for (int i = 0; i < 200; ++i) {
                auto text = "e" + std::to_string(random.below(60'000));
                auto second = now - int64_t(random.below(20));
                if (second < before) continue;
                auto it = naive.find(text);
                bool known = it != naive.end() && it->second >= before;
                auto id = ids.id_of(text);
                ids.prefetch(id);
                EXPECT_EQ(ids.insert(id, second).value(), !known) << text;
                if (!known) naive[text] = second;
            }
            if (now % 7 == 0) ids.forget_before(before = now - 60);
        }
    }
}

// The same with most of them in files.
TEST(IdSet, KnowsWhatAMapKnowsAlsoOnTheDisk) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        Random random(seed);
        ManualClock clock;
        io::SimulatedDisk disk(seed, clock);
        ASSERT_TRUE(disk.create_folders("spill"));
        auto budget = MemoryBudget::root("ids", INT64_MAX);
        IdSet ids(random.next(), reserved(budget));
        std::map<std::string, int64_t> naive;  // id → second
        int64_t before = 1;
        size_t most_files = 0, known_again = 0;
        for (int64_t now = 100; now < 400; ++now) {
            for (int i = 0; i < 200; ++i) {
                auto text = "e" + std::to_string(random.below(60'000));
                auto second = now - int64_t(random.below(20));
                if (second < before) continue;
                auto it = naive.find(text);
                bool known = it != naive.end() && it->second >= before;
                known_again += known;
                auto id = ids.id_of(text);
                ids.prefetch(id);
                ASSERT_EQ(ids.insert(id, second).value(), !known) << text;
                if (!known) naive[text] = second;
            }
            if (random.chance(0.2)) {
                ASSERT_TRUE(ids.spill(disk, "spill"));
            }
            most_files = std::max(most_files, ids.files());
            EXPECT_EQ(budget->used(), int64_t(ids.memory_bytes()));
            EXPECT_EQ(disk.list("spill")->size(), ids.files());
            if (now % 7 == 0) ids.forget_before(before = now - 60);
        }
        EXPECT_GT(most_files, 2u);
        EXPECT_LT(most_files, 12u) << "of sixty that were made";
        EXPECT_GT(known_again, 1'000u);
        ids.forget_before(1'000);
        EXPECT_EQ(ids.files(), 0u);
    }
}

TEST(IdSet, OnTheDiskTakesATwelfthOfTheMemory) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    ASSERT_TRUE(disk.create_folders("spill"));
    auto budget = MemoryBudget::root("ids", INT64_MAX);
    IdSet ids(7, reserved(budget));
    constexpr int kIds = 200'000;
    for (int i = 0; i < kIds; ++i)
        ASSERT_TRUE(ids.insert(ids.id_of(std::to_string(i)), 1).value());
    EXPECT_GT(budget->used(), kIds * 16);
    ASSERT_TRUE(ids.spill(disk, "spill"));
    EXPECT_LT(budget->used(), kIds * 16 / 12);
    for (int i = 0; i < kIds; i += 7)
        ASSERT_FALSE(ids.insert(ids.id_of(std::to_string(i)), 1).value());
}

TEST(IdSet, SaysWhatTheDiskDoes) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    ASSERT_TRUE(disk.create_folders("spill"));
    IdSet ids(7, reserved(MemoryBudget::root("ids", INT64_MAX)));
    ASSERT_TRUE(ids.insert(ids.id_of("a"), 1));
    ASSERT_TRUE(ids.spill(disk, "spill"));
    auto file = disk.open("spill/ids-0", {.mode = io::OpenMode::kReadWrite});
    ASSERT_TRUE(file && (*file)->truncate(0));
    auto found = ids.insert(ids.id_of("a"), 1);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kCorrupted);
}

TEST(IdSet, TakesMemoryForTheHorizonAlone) {
    Random random(7);
    auto budget = MemoryBudget::root("ids", INT64_MAX);
    IdSet ids(random.next(), reserved(budget));
    constexpr int64_t kASecond = 2'000, kHorizon = 20;
    for (int64_t now = 100; now < 400; ++now) {
        ids.forget_before(now - kHorizon);
        for (int64_t i = 0; i < kASecond; ++i)
            ASSERT_TRUE(ids.insert(ids.id_of(std::to_string(now * kASecond + i)), now).value());
    }
    EXPECT_LE(ids.places(), size_t(5 * kASecond * (kHorizon + 1) / 2));
    EXPECT_EQ(budget->used(), int64_t(ids.places() * 16));
}

TEST(IdSet, SaysWhenMemoryIsShort) {
    auto budget = MemoryBudget::root("ids", 64 << 10);
    IdSet ids(1, reserved(budget));
    Status failed;
    for (int i = 0; i < 100'000 && failed; ++i)
        if (auto in = ids.insert(ids.id_of(std::to_string(i)), 1); !in) failed = fail(in.error());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace tarn::flow
