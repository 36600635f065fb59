// Crashes at every call that changes the disk, while a table is dropped, brought back, dropped and
// purged when its time is over. Promised: it is whole at one of both places, and never at both,
// until it is purged; what a crash has left goes at the next start.

#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/error_ids.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

const std::string kTable = "s.t", kOther = "s.u";
constexpr int kRows = 6;

struct Life {
    explicit Life(uint64_t seed) : disk(seed, clock) {}
    ManualClock clock;
    io::SimulatedDisk disk;
    bool made = false, purging = false, done = false;

    static bool passed(const Status& status) { return status.has_value(); }
    static bool has(Lake& lake, const std::string& table) {
        const auto all = lake.tables();
        return std::ranges::find(all, table) != all.end();
    }
    // Each step may find itself done already.
    void run(World& world) {
        if (!world.lake || !passed(world.lake->remove_dropped())) return;
        auto& lake = *world.lake;
        if (!made) {
            if (!passed(lake.ensure_table({kTable, kEventColumns, {}, {}, ""}))) return;
            if (!lake.append(append_of(kTable, events(0, kRows), 0, clock.now()))) return;
            made = true;
        }
        const auto gone = lake.dropped();
        const bool again = !gone.empty() && gone[0].name == kOther;
        if (!purging) {
            if (has(lake, kTable) && !passed(lake.drop_table(kTable))) return;
            if (!again && !has(lake, kOther) && !lake.undrop_table({.table = kTable, .as = kOther}))
                return;
            if (!again && !passed(lake.drop_table(kOther))) return;
            clock.advance(Duration::seconds(8 * 24 * 60 * 60));
            purging = true;
        }
        if (has(lake, kOther) && !passed(lake.drop_table(kOther))) return;
        clock.advance(Duration::seconds(8 * 24 * 60 * 60));
        if (!lake.purge_dropped()) return;
        done = true;
    }
    void check(World& world) {
        const auto live = world.lake->tables();
        const auto dropped = world.lake->dropped();
        if (made && !purging) {
            EXPECT_EQ(live.size() + dropped.size(), 1u) << live.size();
        } else {
            EXPECT_LE(live.size() + dropped.size(), 1u);
        }
        for (const auto& name : live) {
            EXPECT_EQ(problem(world.lake->verify(name)), "");
            if (made) {
                EXPECT_EQ(world.number("SELECT count(*) FROM " + world.scan(name)), kRows);
            }
        }
        for (const auto& table : dropped)
            EXPECT_EQ(world.number(fmt::format(
                          "SELECT count(*) FROM delta_scan('/lake/.dropped/{}-{}-{}/{}')",
                          table.dropped.ms(), table.goes.ms(), table.id.str(),
                          table.name == kTable ? "s/t" : "s/u")),
                      kRows);
    }
    void check_done(World& world) {
        EXPECT_TRUE(done);
        EXPECT_TRUE(world.lake->tables().empty());
        EXPECT_TRUE(world.lake->dropped().empty());
        ASSERT_TRUE(world.lake->remove_dropped());
        const auto files = disk.list("/lake").value();
        for (const auto& file : files)
            EXPECT_FALSE(file.name.starts_with(".dropped-")) << file.name;
        if (const auto kept = disk.list("/lake/.dropped")) {
            EXPECT_TRUE(kept->empty());
        }
    }
};

TEST(DroppedSimulation, TheTableIsWholeAtOneOfBothPlaces) {
    uint64_t calls = 0;
    {
        Life life(0);
        World world(life.disk, life.clock);
        life.run(world);
        life.check_done(world);
        calls = life.disk.calls();
    }
    for (uint64_t seed = 0; seed < 2 * calls; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Life life(seed);
        life.disk.crash_at_call(1 + seed / 2);
        {
            World world(life.disk, life.clock, seed);
            life.run(world);
        }
        if (!life.disk.crashed()) life.disk.crash();
        life.disk.restart();
        World world(life.disk, life.clock, seed + 1);
        ASSERT_TRUE(world.lake);
        life.check(world);
        life.run(world);
        life.check_done(world);
        if (::testing::Test::HasFailure()) break;
    }
    std::cout << 2 * calls << " crashes, " << calls << " crash points\n";
}

TEST(DroppedSimulation, StoppingAtAnyFailpointLosesNothing) {
    std::vector<std::string> names;
    {
        Life life(0);
        World world(life.disk, life.clock);
        world.failpoints.record();
        life.run(world);
        for (auto& [name, count] : world.failpoints.hits())
            for (uint64_t n = 1; n <= count; ++n)
                names.push_back(name + ":" + std::to_string(n));
        for (const char* point : {"lake.before_drop", "lake.after_drop", "lake.before_undrop",
                                  "lake.after_undrop", "lake.before_purge", "lake.after_purge"})
            EXPECT_TRUE(world.failpoints.hits().contains(point)) << point;
    }
    for (auto& name : names) {
        SCOPED_TRACE(name);
        Life life(2);
        {
            World world(life.disk, life.clock);
            auto colon = name.find(':');
            world.failpoints.arm(name.substr(0, colon), std::stoull(name.substr(colon + 1)),
                                 [] { return fail(ErrorCode::kCancelled, "stopped by the test"); });
            life.run(world);
        }
        life.disk.crash();
        life.disk.restart();
        World world(life.disk, life.clock, 2);
        life.check(world);
        life.run(world);
        life.check_done(world);
    }
}

}  // namespace
}  // namespace tarn::lake
