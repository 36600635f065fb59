// A crash at the calls of the disk that a DELETE, an UPDATE, a MERGE or an overwriting INSERT
// makes, with unsynced data torn and names lost. Promised: the table is as before or as after, and
// as after if the statement was acknowledged; with its transaction it is made once, however often
// it is asked for; every file and vector of the version is whole.

#include <iostream>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

const std::string kTable = "s.t";
constexpr int kRows = 60;

struct Scenario {
    const char* name;
    Result<ChangeOutcome> (*run)(Lake& lake);
};

template <class Request>
Request once() {
    Request out;
    out.table = kTable;
    out.txn = Txn{"nightly", 1};
    return out;
}

constexpr Scenario kScenarios[] = {
    {"delete",
     [](Lake& lake) {
         auto request = once<DeleteRequest>();
         request.where = "id % 3 = 0";
         return lake.delete_rows(request);
     }},
    {"update",
     [](Lake& lake) {
         auto request = once<UpdateRequest>();
         request.set = {{"amount", "amount + 1000"}};
         request.where = "id < 15";
         return lake.update_rows(request);
     }},
    {"merge",
     [](Lake& lake) {
         auto request = once<MergeRequest>();
         request.source = "SELECT i AS id, 'm' AS page FROM range(50, 70) r(i)";
         request.on = "t.id = s.id";
         request.clauses = {
             {MergeWhen::kMatched, MergeThen::kUpdate, "", {{"page", "s.page"}}, false},
             {MergeWhen::kNotMatched, MergeThen::kInsert, "", {{"id", "s.id"}}, false},
             {MergeWhen::kNotMatchedBySource, MergeThen::kDelete, "t.id < 4", {}, false}};
         return lake.merge(request);
     }},
    {"overwrite",
     [](Lake& lake) {
         auto request = once<InsertRequest>();
         request.select = "SELECT 7 AS id, 'eu' AS region";
         request.columns = {"id", "region"};
         request.overwrite = Overwrite::kPartitions;
         return lake.insert(request);
     }},
};

// What a reader sees of the table, as one number.
int64_t sight(World& world) {
    return world.number(
        "SELECT coalesce(bit_xor(hash(t) & 4611686018427387903), 0)::BIGINT + "
        "count(*) FROM " +
        world.scan(kTable) + " t");
}

class Story {
  public:
    Story(uint64_t seed, const Scenario& scenario) : scenario_(scenario), disk_(seed, clock_) {
        TableSpec spec{kTable, kEventColumns, {}, {{"delta.checkpointInterval", "3"}}, ""};
        if (seed % 2) spec.partition_by = {"region"};
        if (seed % 3) spec.properties["delta.enableDeletionVectors"] = "true";
        if (seed % 5 == 0) spec.properties["delta.enableChangeDataFeed"] = "true";
        World world(disk_, clock_, seed);
        EXPECT_EQ(problem(world.lake->ensure_table(spec)), "");
        for (int epoch = 0; epoch < 2; ++epoch)
            EXPECT_TRUE(world.lake->append(
                append_of(kTable, events(epoch * kRows / 2, kRows / 2), epoch, clock_.now())));
        before_ = sight(world);
    }
    // How many calls the statement makes; leaves it made.
    uint64_t calls() {
        const auto from = disk_.calls();
        World world(disk_, clock_, 1);
        const auto opened = disk_.calls();
        EXPECT_TRUE(scenario_.run(*world.lake));
        after_ = sight(world);
        EXPECT_NE(before_, after_);
        return disk_.calls() - std::min(from, opened);
    }
    void crash_at(uint64_t call, int64_t after, uint64_t seed) {
        disk_.crash_at_call(call);
        bool acknowledged = false;
        {
            World world(disk_, clock_, seed);
            if (world.lake) acknowledged = scenario_.run(*world.lake).has_value();
        }
        if (!disk_.crashed()) disk_.crash();
        disk_.restart();
        World world(disk_, clock_, seed + 1);
        ASSERT_TRUE(world.lake);
        const auto seen = sight(world);
        EXPECT_TRUE(seen == after || (!acknowledged && seen == before_));
        EXPECT_EQ(problem(world.lake->verify(kTable)), "");
        auto again = scenario_.run(*world.lake);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(again->duplicate, seen == after);
        EXPECT_EQ(sight(world), after);
        EXPECT_EQ(problem(world.lake->verify(kTable)), "");
    }
    int64_t after() const { return after_; }

  private:
    const Scenario& scenario_;
    ManualClock clock_;
    io::SimulatedDisk disk_;
    int64_t before_ = 0, after_ = 0;
};

TEST(ChangeSimulation, AStatementIsMadeOnceWhereverItCrashed) {
    uint64_t crashes = 0;
    for (const auto& scenario : kScenarios)
        for (uint64_t kind = 0; kind < 6; ++kind) {
            Story whole(kind, scenario);
            const auto calls = whole.calls();
            // Three kinds of table together meet every call.
            for (uint64_t call = 1 + kind % 3; call <= calls; call += 3, ++crashes) {
                SCOPED_TRACE(std::string(scenario.name) + ", kind " + std::to_string(kind) +
                             ", call " + std::to_string(call));
                Story(kind, scenario).crash_at(call, whole.after(), kind + call);
                if (::testing::Test::HasFailure()) return;
            }
        }
    std::cout << crashes << " crashes\n";
}

}  // namespace
}  // namespace tarn::lake
