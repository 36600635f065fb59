// Flows on a disk that crashes: whatever is struck, in the end each acknowledged record is a row or
// a dead letter exactly once, and the windows are those recomputed from the rows that are not late.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tarn/base/failing_allocation.h"
#include "tarn/base/memory_level.h"
#include "world.h"

// DuckDB 1.5.6 forgets what it has made of a plan when memory is refused while it makes the rest:
// that is all that may leak here.
extern "C" const char* __lsan_default_suppressions() { return "leak:libduckdb"; }

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

// Every id and open session goes to the disk, and checkpoints have parts of a few sessions.
void keep_state_on_disk(World& world) {
    world.options.state_bytes = 1;
    world.options.checkpoint_part_rows = 4;
}

int seeds() {
    auto* text = std::getenv("TARN_SEEDS");
    return text ? std::atoi(text) : 100;
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
        ASSERT_GT(layers.windows.size(), 5u);
        ASSERT_GT(layers.late_of_windows.size(), 2u);
        ASSERT_GT(layers.users.size(), 20u);
        ASSERT_GT(layers.places.size(), 10u);
    }
}

// What memory does not hold is the same from the disk, and its flow says so.
TEST(FlowSimulation, StateOnTheDisk) {
    int64_t sessions = 0, ids = 0;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        World world(seed);
        keep_state_on_disk(world);
        ASSERT_TRUE(world.open());
        for (int i = 0; i < 6; ++i) {
            ASSERT_TRUE(live(world, 10)) << "seed " << seed;
            for (const auto& flow : world.runtime().list()) {
                sessions += flow.memory.sessions;
                ids += flow.memory.ids;
                EXPECT_EQ(flow.shortage.empty(), flow.memory.sessions + flow.memory.ids == 0);
            }
        }
        ASSERT_EQ(finish(world), "") << "seed " << seed;
    }
    EXPECT_GT(sessions, 100);
    EXPECT_GT(ids, 1'000);
}

TEST(FlowSimulation, CrashAtAnyCall) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()); ++seed) {
        World world(seed);
        if (seed % 3 == 0) keep_state_on_disk(world);
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
        keep_state_on_disk(world);
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
    promised.emplace_back("flow.checkpoint.parts");
    for (const auto& name : promised) {
        EXPECT_TRUE(hits.contains(name)) << name << " is never hit";
    }
    uint64_t seed = 1000;
    for (const auto& [name, count] : hits) {
        for (uint64_t nth : {uint64_t(1), 2 + count / 3}) {
            if (nth > count) continue;
            World world(++seed);
            if (nth > 1 || name.starts_with("flow.checkpoint")) keep_state_on_disk(world);
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

// Smaller ones are made in destructors of DuckDB and of the JSON library too, where a failure ends
// the process.
constexpr uint64_t kLeastFailing = 512;  // bytes

// How many allocations a round of the flows makes at most, about; after it `world` has caught up.
int64_t allocations_of_a_round(World& world) {
    int64_t most = 0;
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(world.produce());
        world.clock.advance(Duration::seconds(1));
        FailingAllocation none(0, kLeastFailing);
        EXPECT_TRUE(world.step());
        most = std::max(most, none.made());
    }
    return most;
}

// Rounds in each of which one allocation fails, somewhere. False once a crash has struck.
bool live_without_memory(World& world, int rounds, int64_t allocations) {
    for (int i = 0; i < rounds; ++i) {
        world.clock.advance(Duration::seconds(11));  // whoever failed tries again
        if (world.random.chance(0.7) && !world.produce()) return false;
        const auto nth = 1 + int64_t(world.random.below(uint64_t(allocations)));
        FailingAllocation failing(nth, kLeastFailing);
        const auto stepped = world.step();
        if (!stepped || world.disk.crashed()) return false;
    }
    return true;
}

// Windows that were open when memory ran out keep their rows until the watermark has passed them.
std::string finish_with_memory(World& world) {
    world.disk.crash_at_call(0);
    world.failpoints.disarm();
    if (!world.is_open() && !world.open()) return "it does not open";
    for (int i = 0; i < 20; ++i) {
        world.clock.advance(Duration::seconds(1));
        if (!world.produce() || !world.step()) return "it does not go on";
    }
    return finish(world);
}

// A failed allocation stops an epoch, whose flow begins it again: nothing is lost or twice, and no
// flow stays behind.
TEST(FlowSimulation, AnyAllocationMayFail) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()) / 4; ++seed) {
        World world(7000 + seed);
        if (seed % 2 == 0) keep_state_on_disk(world);
        ASSERT_TRUE(world.open());
        const auto allocations = allocations_of_a_round(world);
        ASSERT_GT(allocations, 100);
        ASSERT_TRUE(live_without_memory(world, 40, allocations)) << "seed " << seed;
        ASSERT_EQ(finish_with_memory(world), "") << "seed " << seed << " of AnyAllocationMayFail";
    }
}

TEST(FlowSimulation, AnyAllocationMayFailBeforeACrashAtEveryFailpoint) {
    std::map<std::string, uint64_t> hits;
    int64_t allocations = 0;
    {
        World world(1);
        keep_state_on_disk(world);
        world.failpoints.record();
        ASSERT_TRUE(world.open());
        allocations = allocations_of_a_round(world);
        ASSERT_TRUE(live(world, 80));
        hits = world.failpoints.hits();
    }
    const uint64_t stride = seeds() >= 100 ? 1 : 4;
    uint64_t seed = 8000;
    for (const auto& [name, count] : hits) {
        if (++seed % stride != 0) continue;
        World world(seed);
        keep_state_on_disk(world);
        world.failpoints.arm(name, 2 + count / 3, [&world]() -> Status {
            NoFailingAllocation of_the_test;
            world.disk.crash();
            return fail(ErrorCode::kCancelled, "simulated crash");
        });
        if (world.open()) live_without_memory(world, 60, allocations);
        world.crash();
        if (world.open()) live_without_memory(world, 5, allocations);
        world.crash();
        ASSERT_EQ(finish_with_memory(world), "") << "failpoint " << name << " seed " << seed;
    }
}

}  // namespace
}  // namespace tarn::flow
