// Rebuilds on a disk that crashes: whatever is struck, in the end each acknowledged record is a row
// or a dead letter exactly once, as if nothing had been built anew.

#include <gtest/gtest.h>

#include <cstdlib>

#include "world.h"

namespace tarn::flow {
namespace {

constexpr const char* kFlows[] = {"clicks.table", "live.pages", "silver.clicks", "gold.pages"};

// Without retention, so that a rebuild has all it needs.
bool live(World& world, int rounds, int& ordered) {
    for (int i = 0; i < rounds; ++i) {
        world.clock.advance(Duration::millis(int64_t(world.random.below(900))));
        if (world.random.chance(0.8) && !world.produce()) return false;
        if (world.random.chance(0.1))
            ordered += world.runtime()
                           .rebuild(kFlows[world.random.below(std::size(kFlows))], false)
                           .has_value();
        if (world.random.chance(0.7) && !world.step()) return false;
        if (world.disk.crashed()) return false;
    }
    return true;
}

TEST(RebuildSimulation, CrashAtAnyCall) {
    auto* text = std::getenv("TARN_SEEDS");
    const auto seeds = uint64_t(text ? std::atoi(text) : 60);
    int ordered = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        World world(seed);
        world.rebuilds = true;
        for (int life = 0; life < 4; ++life) {
            world.disk.crash_at_call(1 + world.random.below(life == 0 ? 600 : 400));
            if (world.open()) live(world, 25, ordered);
            world.crash();
        }
        ASSERT_EQ(finish(world), "") << "seed " << seed;
    }
    EXPECT_GT(ordered, int(seeds)) << "there was something to strike";
}

}  // namespace
}  // namespace tarn::flow
