// Crashes at every call that changes the disk, with unsynced data torn and names lost, and a second
// crash during recovery. Promised: whatever was acknowledged is there; the table always loads, at a
// whole epoch; after the same epochs are appended again each of their rows is there once; no file
// of a committed version is missing.

#include <iostream>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

constexpr int kEpochs = 4, kRowsPerEpoch = 4;
constexpr int kSeeds = 280;
const std::string kTable = "s.t";

struct Story {
    explicit Story(uint64_t seed) : disk(seed, clock), partitioned(seed % 2 == 1) {}
    ManualClock clock;
    io::SimulatedDisk disk;
    bool partitioned;
    int acknowledged = -1;  // the newest epoch whose append returned well

    TableSpec spec() const {
        TableSpec out{kTable, kEventColumns, {}, {{"delta.checkpointInterval", "2"}}, ""};
        if (partitioned) {
            out.partition_by = {"region"};
            out.properties["delta.checkpointPolicy"] = "v2";
        }
        // A short memory of the log, so that cleanup is crossed as well.
        out.properties["delta.logRetentionDuration"] = "interval 1 second";
        return out;
    }
    // Creates the table and appends all epochs; stops at the first error, as a killed process
    // would.
    void life(World& world) {
        if (!world.lake || !world.lake->ensure_table(spec())) return;
        for (int epoch = 0; epoch < kEpochs; ++epoch) {
            clock.advance(Duration::seconds(2 * 60 * 60));
            auto rows = events(epoch * kRowsPerEpoch, kRowsPerEpoch);
            auto made = world.lake->append(append_of(kTable, rows, epoch, clock.now()));
            if (!made) return;
            acknowledged = std::max(acknowledged, epoch);
        }
    }
    // What a reader sees after a crash, before anything is repaired.
    void check_visible(World& world) {
        auto version = world.lake->txn_version(kTable, "flow-g1");
        if (!version) {
            EXPECT_EQ(version.error().code(), ErrorCode::kNotFound) << version.error().message();
            EXPECT_EQ(acknowledged, -1);
            return;
        }
        EXPECT_GE(*version, acknowledged);
        auto info = world.lake->describe(kTable);
        ASSERT_TRUE(info) << info.error().message();
        EXPECT_EQ(info->rows, (*version + 1) * kRowsPerEpoch);
        EXPECT_EQ(problem(world.lake->verify(kTable)), "");
    }
    void check_complete(World& world) {
        auto scan = world.scan(kTable);
        EXPECT_EQ(world.number("SELECT count(*) FROM (SELECT id, page FROM " + scan + ")"),
                  kEpochs * kRowsPerEpoch);
        EXPECT_EQ(world.number("SELECT count(DISTINCT id) FROM " + scan), kEpochs * kRowsPerEpoch);
        EXPECT_EQ(world.lake->txn_version(kTable, "flow-g1"), kEpochs - 1);
        EXPECT_EQ(problem(world.lake->verify(kTable)), "");
    }
};

// Calls of a run without a crash: so many crash points there are.
uint64_t crash_points(bool partitioned) {
    Story run(partitioned ? 1 : 0);
    World world(run.disk, run.clock);
    run.life(world);
    EXPECT_EQ(run.acknowledged, kEpochs - 1);
    run.check_complete(world);
    return run.disk.calls();
}

TEST(LakeSimulation, EveryEpochIsThereOnceWhereverItCrashed) {
    const uint64_t points[] = {crash_points(false), crash_points(true)};
    ASSERT_LE(std::max(points[0], points[1]), uint64_t(kSeeds / 2))
        << "more crash points than runs: raise kSeeds";
    uint64_t crashes = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Story run(seed);
        // Two seeds a step: each half walks all calls of its kind of table.
        uint64_t all = points[seed % 2];
        run.disk.crash_at_call(1 + seed / 2 * all / (kSeeds / 2));
        {
            World world(run.disk, run.clock, seed);
            run.life(world);
        }
        for (uint64_t second : {1 + seed * 7919 % all, uint64_t(0)}) {
            if (!run.disk.crashed()) run.disk.crash();
            ++crashes;
            run.disk.restart();
            World world(run.disk, run.clock, seed + 1);
            ASSERT_TRUE(world.lake);
            run.check_visible(world);
            run.disk.crash_at_call(second);
            run.life(world);
            if (second == 0) run.check_complete(world);
        }
        if (::testing::Test::HasFailure()) break;
    }
    std::cout << kSeeds << " seeds, " << crashes << " crashes, " << points[0] << " and "
              << points[1] << " crash points\n";
}

TEST(LakeSimulation, EveryDurableStepHasAFailpoint) {
    for (auto partitioned : {false, true}) {
        Story run(partitioned ? 1 : 0);
        World world(run.disk, run.clock);
        world.failpoints.record();
        run.life(world);
        ASSERT_TRUE(world.lake->drop_table(kTable));
        auto hits = world.failpoints.hits();
        for (auto name : {"lake.before_create", "lake.after_create", "lake.before_data",
                          "lake.before_sync_folder", "lake.before_commit", "lake.after_commit",
                          "lake.before_checkpoint", "lake.before_checkpoint_rename",
                          "lake.before_last_checkpoint", "lake.after_checkpoint",
                          "lake.before_clean", "lake.before_drop", "lake.after_drop"})
            EXPECT_TRUE(hits.contains(name)) << name;
        EXPECT_EQ(hits.contains("lake.before_sidecar"), partitioned);
    }
}

// A process that ends at a failpoint is a crash too: the next one goes on.
TEST(LakeSimulation, StoppingAtAnyFailpointLosesNothing) {
    std::vector<std::string> names;
    {
        Story run(0);
        World world(run.disk, run.clock);
        world.failpoints.record();
        run.life(world);
        for (auto& [name, count] : world.failpoints.hits())
            for (uint64_t n = 1; n <= std::min<uint64_t>(count, 2); ++n)
                names.push_back(name + ":" + std::to_string(n));
    }
    for (auto& name : names) {
        SCOPED_TRACE(name);
        Story run(3);
        {
            World world(run.disk, run.clock);
            auto colon = name.find(':');
            world.failpoints.arm(name.substr(0, colon), std::stoull(name.substr(colon + 1)),
                                 [] { return fail(ErrorCode::kCancelled, "stopped by the test"); });
            run.life(world);
        }
        run.disk.crash();
        run.disk.restart();
        World world(run.disk, run.clock, 2);
        run.check_visible(world);
        run.life(world);
        run.check_complete(world);
    }
}

}  // namespace
}  // namespace tarn::lake
