// Crashes spread over the calls that change the disk, while a table is cared for. Promised: it
// always loads, has the rows of a whole step and every file that it needs; what is done again after
// the crash ends well.

#include <algorithm>
#include <iostream>
#include <set>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

constexpr int kAppended = 3, kRowsEach = 6, kCareSeeds = 200;
const std::string kCared = "s.t", kCloned = "s.copy", kReferring = "s.shallow";

struct Care {
    explicit Care(uint64_t seed) : disk(seed, clock), partitioned(seed % 2 == 1) {}
    ManualClock clock;
    io::SimulatedDisk disk;
    bool partitioned;
    bool done = false;
    int64_t good_version = -1;
    ptrdiff_t copied = 0;  // files that were made of row groups

    // Each step may find itself done already.
    void life(World& world) {
        TableSpec spec{kCared, kEventColumns, {}, {{"delta.enableDeletionVectors", "true"}}, ""};
        if (partitioned) spec.partition_by = {"region"};
        if (!world.lake || !world.lake->ensure_table(spec)) return;
        auto& lake = *world.lake;
        for (int epoch = 0; epoch < kAppended; ++epoch)
            if (!lake.append(
                    append_of(kCared, events(epoch * kRowsEach, kRowsEach), epoch, clock.now())))
                return;
        if (!care(lake)) return;
        done = true;
    }
    bool care(Lake& lake) {
        if (good_version >= 0) return restore(lake);
        OptimizeRequest packed;  // of row groups that are copied, as small as they are
        packed.table = kCared;
        packed.copies = {1, 1, 1};
        if (!lake.optimize(packed)) return false;
        const auto packed_files = lake.files(kCared);
        if (!packed_files) return false;
        copied += std::ranges::count_if(packed_files->files, [](const auto& file) {
            return !file->path.ends_with(".zstd.parquet");  // what rows are written to
        });
        (void)disk.put_if_absent(lake.path_of(kCared) + "/orphan.parquet", "x");
        DeleteRequest gone;
        gone.table = kCared;
        gone.where = "id % 3 = 0";
        if (!lake.delete_rows(gone)) return false;
        for (const bool deep : {false, true}) {
            auto made = lake.clone({kCared, deep ? kCloned : kReferring, {}, deep});
            if (!made && made.error().code() != ErrorCode::kAlreadyExists) return false;
        }
        OptimizeRequest whole;
        whole.table = kCared;
        if (!lake.optimize(whole)) return false;
        whole.order_by = {"page"};
        const auto ordered = lake.optimize(whole);
        if (!ordered) return false;
        clock.advance(Duration::seconds(8 * 24 * 60 * 60));
        VacuumRequest old;
        old.table = kCared;
        if (!lake.vacuum(old)) return false;
        UpdateRequest wrong;
        wrong.table = kCared;
        wrong.set = {{"page", "'wrong'"}};
        good_version = ordered->version;
        if (!lake.update_rows(wrong)) return false;
        return restore(lake);
    }
    bool restore(Lake& lake) {
        RestoreRequest back;
        back.table = kCared;
        back.to.version = good_version;
        return lake.restore(back).has_value();
    }

    static constexpr int kAll = kAppended * kRowsEach, kLeft = kAll * 2 / 3;
    int64_t rows(World& world, const std::string& table) {
        return world.number("SELECT count(*) FROM " + world.scan(table));
    }
    // What a reader sees after a crash, before anything is repaired.
    void check_visible(World& world) {
        const auto names = world.lake->tables();
        for (const auto& name : names) {
            EXPECT_EQ(problem(world.lake->verify(name)), "") << name;
            const auto seen = rows(world, name);
            if (name == kCared)
                EXPECT_TRUE(seen % kRowsEach == 0 || seen == kLeft) << seen;
            else
                EXPECT_EQ(seen, kLeft) << name;
        }
    }
    void check_complete(World& world) {
        EXPECT_TRUE(done);
        for (const auto& name : {kCared, kCloned, kReferring})
            EXPECT_EQ(rows(world, name), kLeft) << name;
        EXPECT_EQ(
            world.number("SELECT count(*) FROM " + world.scan(kCared) + " WHERE page = 'wrong'"),
            0);
        check_visible(world);
    }
};

uint64_t calls_of(bool partitioned) {
    Care run(partitioned ? 1 : 0);
    World world(run.disk, run.clock);
    run.life(world);
    run.check_complete(world);
    EXPECT_GT(run.copied, 0);
    return run.disk.calls();
}

TEST(MaintainSimulation, TheTableIsWholeWhereverItCrashed) {
    const uint64_t points[] = {calls_of(false), calls_of(true)};
    uint64_t crashes = 0;
    for (uint64_t seed = 0; seed < kCareSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Care run(seed);
        const uint64_t all = points[seed % 2];
        run.disk.crash_at_call(1 + seed / 2 * all / (kCareSeeds / 2));
        {
            World world(run.disk, run.clock, seed);
            run.life(world);
        }
        if (!run.disk.crashed()) run.disk.crash();
        ++crashes;
        run.disk.restart();
        World world(run.disk, run.clock, seed + 1);
        ASSERT_TRUE(world.lake);
        run.check_visible(world);
        run.life(world);
        run.check_complete(world);
        if (::testing::Test::HasFailure()) break;
    }
    std::cout << kCareSeeds << " seeds, " << crashes << " crashes, " << points[0] << " and "
              << points[1] << " crash points\n";
}

TEST(MaintainSimulation, StoppingAtAnyFailpointLosesNothing) {
    std::vector<std::string> names;
    {
        Care run(0);
        World world(run.disk, run.clock);
        world.failpoints.record();
        run.life(world);
        for (auto& [name, count] : world.failpoints.hits())
            for (uint64_t n = 1; n <= count; ++n)
                names.push_back(name + ":" + std::to_string(n));
        EXPECT_TRUE(world.failpoints.hits().contains("lake.before_vacuum"));
    }
    for (auto& name : names) {
        SCOPED_TRACE(name);
        Care run(2);
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
