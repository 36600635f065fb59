// Flows on a disk that crashes: whatever is struck, in the end each acknowledged record is a row or
// a dead letter exactly once, and the windows are those recomputed from the rows that are not late.

#include <gtest/gtest.h>

#include <cstdlib>

#include "tarn/base/memory_level.h"
#include "world.h"

namespace tarn::flow {
namespace {

// Produces and steps until something fails or `rounds` have passed. True if all rounds passed.
bool live(World& world, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        world.clock.advance(Duration::millis(int64_t(world.random.below(900))));
        if (world.random.chance(0.8) && !world.produce()) return false;
        if (world.random.chance(0.7) && !world.step()) return false;
        if (world.random.chance(0.05)) (void)world.log().run_retention();
        if (world.disk.crashed()) return false;
    }
    return true;
}

int seeds() {
    auto* text = std::getenv("TARN_SEEDS");
    return text ? std::atoi(text) : 200;
}

TEST(FlowSimulation, WithoutACrash) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        World world(seed);
        auto opened = world.open();
        ASSERT_TRUE(opened) << opened.error().message();
        ASSERT_TRUE(live(world, 60)) << "seed " << seed;
        ASSERT_EQ(finish(world), "") << "seed " << seed;
        ASSERT_GT(world.acknowledged.size(), 100u);
        // The checks had something to look at.
        auto layers = world.read().value().layers;
        ASSERT_GT(layers.silver.size(), 100u);
        ASSERT_GT(layers.quarantined.size(), 5u);
        ASSERT_GT(layers.sessions.size(), 5u);
        ASSERT_GT(layers.late.size(), 2u);
        ASSERT_GT(layers.pages.size(), 4u);
    }
}

TEST(FlowSimulation, CrashAtAnyCall) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()); ++seed) {
        World world(seed);
        for (int life = 0; life < 4; ++life) {
            world.disk.crash_at_call(1 + world.random.below(life == 0 ? 400 : 250));
            if (world.open()) live(world, 25);
            world.crash();
        }
        ASSERT_EQ(finish(world), "") << "seed " << seed << " of CrashAtAnyCall";
    }
}

// Windows that keep rows give their results when they end, or when there is memory again, also
// across crashes.
TEST(FlowSimulation, MemoryComesAndGoes) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()) / 8; ++seed) {
        World world(5000 + seed);
        world.memory = MemoryBudget::root("memory", 1 << 30);
        UncountedMemory memory(world.memory);
        constexpr int64_t kLittle = 100 << 20, kAll = 1 << 30;
        for (int life = 0; life < 4; ++life) {
            if (world.random.chance(0.7)) world.disk.crash_at_call(100 + world.random.below(400));
            if (world.open()) {
                for (int part = 0; part < 6; ++part) {
                    memory.look(world.random.chance(0.5) ? kAll : kLittle);
                    if (!live(world, 10)) break;
                }
            }
            world.crash();
        }
        memory.look(kAll);
        if (world.open() && world.random.chance(0.5)) {
            ASSERT_TRUE(world.drain());
        }
        memory.look(kLittle);
        while (!world.produce())
            ASSERT_TRUE(world.is_open());
        ASSERT_EQ(finish(world), "") << "seed " << seed << " of MemoryComesAndGoes";
    }
}

TEST(FlowSimulation, CrashAtEveryFailpoint) {
    io::Failpoints seen;
    std::map<std::string, uint64_t> hits;
    {
        World world(1);
        world.failpoints.record();
        ASSERT_TRUE(world.open());
        ASSERT_TRUE(live(world, 80));
        hits = world.failpoints.hits();
    }
    std::vector<std::string> promised = {"flow.plan.before", "flow.journal.before_write",
                                         "flow.journal.before_sync", "flow.journal.after_sync"};
    for (const std::string step :
         {"flow.journal.create", "flow.create.table", "flow.create.view", "flow.journal.rewrite",
          "flow.commit.topic.quarantine", "flow.commit.topic.late", "flow.commit.table.rows",
          "flow.commit.table.rejected", "flow.commit.view", "flow.checkpoint"})
        for (const auto* end : {".before", ".after"})
            promised.push_back(step + end);
    for (const auto& name : promised) {
        EXPECT_TRUE(hits.contains(name)) << name << " is never hit";
    }
    uint64_t seed = 1000;
    for (const auto& [name, count] : hits) {
        for (uint64_t nth : {uint64_t(1), 2 + count / 3}) {
            if (nth > count) continue;
            World world(++seed);
            world.failpoints.arm(name, nth, [&world]() -> Status {
                world.disk.crash();
                return fail(ErrorCode::kCancelled, "simulated crash");
            });
            if (world.open()) live(world, 60);
            world.crash();
            ASSERT_EQ(finish(world), "") << "failpoint " << name << ":" << nth << " seed " << seed;
        }
    }
}

}  // namespace
}  // namespace tarn::flow
