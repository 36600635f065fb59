// Tables that are dropped and brought back, by a clock that the test moves.

#include <gmock/gmock.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/maintain.h"

namespace tarn::errors {
extern const ErrorId kTableFilesGone;
extern const ErrorId kNotDropped;
extern const ErrorId kUndropNameTaken;
}  // namespace tarn::errors

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT
using ::testing::HasSubstr;

constexpr auto kDay = Duration::seconds(24 * 60 * 60);

class DroppedTest : public ::testing::Test {
  protected:
    void make(const std::string& name, int rows) {
        ASSERT_EQ(problem(lake().ensure_table({name, kEventColumns, {}, {}, ""})), "");
        const auto done = lake().append(append_of(name, events(0, rows), 0, clock_.now()));
        ASSERT_TRUE(done) << done.error().message();
    }
    Result<DroppedTable> undrop(const std::string& table, const std::string& as = "") {
        return lake().undrop_table({.table = table, .as = as});
    }
    int64_t rows(const std::string& table) {
        return world_.number("SELECT count(*) FROM " + world_.scan(table));
    }
    Lake& lake() { return *world_.lake; }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_F(DroppedTest, ATableComesBackWithItsHistoryUntilItsTimeIsOver) {
    make("s.t", 6);
    const auto id = lake().describe("s.t")->id;
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    EXPECT_TRUE(lake().tables().empty());
    EXPECT_EQ(lake().version("s.t").error().code(), ErrorCode::kNotFound);
    auto there = lake().dropped();
    ASSERT_EQ(there.size(), 1u);
    EXPECT_EQ(there[0].name, "s.t");
    EXPECT_EQ(there[0].goes.us - there[0].dropped.us, kKeepDropped.us);
    EXPECT_GT(there[0].bytes, 1000u);

    ASSERT_TRUE(undrop("s.t"));
    EXPECT_EQ(rows("s.t"), 6);
    EXPECT_EQ(lake().describe("s.t")->id, id);
    EXPECT_EQ(*lake().txn_version("s.t", "flow-g1"), 0) << "its transactions are there again";
    EXPECT_TRUE(lake().dropped().empty());
    EXPECT_EQ(undrop("s.t").error().id(), errors::kNotDropped);

    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    clock_.advance(Duration::micros(7 * kDay.us - 1'000'000));
    EXPECT_TRUE(lake().purge_dropped()->empty());
    clock_.advance(Duration::seconds(1));
    ASSERT_EQ(lake().purge_dropped()->size(), 1u);
    EXPECT_EQ(undrop("s.t").error().id(), errors::kNotDropped);
    const auto left = disk_.list("/lake/.dropped");
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->empty());
}

TEST_F(DroppedTest, ATakenNameIsRefusedAndTheWayOnIsSaid) {
    make("s.t", 6);
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    clock_.advance(kDay);
    make("s.t", 3);
    const auto taken = undrop("s.t");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().id(), errors::kUndropNameTaken);
    EXPECT_THAT(taken.error().message(), HasSubstr("UNDROP TABLE s.t AS"));
    EXPECT_EQ(undrop("s.t", "S.T").error().code(), ErrorCode::kAlreadyExists) << "by case alone";
    ASSERT_TRUE(undrop("s.t", "s.old"));
    EXPECT_EQ(rows("s.t"), 3);
    EXPECT_EQ(rows("s.old"), 6);

    // Two of one name: the newest, or the one that is named by its drop's id.
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    clock_.advance(kDay);
    make("s.t", 2);
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    const auto both = lake().dropped();
    ASSERT_EQ(both.size(), 2u);
    ASSERT_TRUE(lake().undrop_table({.table = "s.t", .as = "s.three", .id = both[1].id}));
    EXPECT_EQ(rows("s.three"), 3);
    ASSERT_TRUE(undrop("s.t"));
    EXPECT_EQ(rows("s.t"), 2);
}

TEST_F(DroppedTest, WhatIsPurgedIsGoneAtOnce) {
    make("s.t", 6);
    ASSERT_EQ(problem(lake().purge_table("s.t")), "");
    EXPECT_TRUE(lake().dropped().empty());
    make("s.t", 6);
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    ASSERT_EQ(problem(lake().purge_table("s.t")), "") << "one that was dropped before";
    EXPECT_TRUE(lake().dropped().empty());
    EXPECT_EQ(lake().purge_table("s.t").error().code(), ErrorCode::kNotFound);
}

TEST_F(DroppedTest, FilesThatADroppedCloneRefersToStay) {
    make("s.t", 6);
    ASSERT_TRUE(lake().clone({"s.t", "s.clone", {}, false}));
    EXPECT_EQ(lake().drop_table("s.t").error().code(), ErrorCode::kFailedPrecondition);
    ASSERT_EQ(problem(lake().drop_table("s.clone")), "");
    // All rows of the source are written anew, and what went is removed as soon as it may be.
    UpdateRequest update;
    update.table = "s.t";
    update.set = {{"page", "'new'"}};
    ASSERT_TRUE(lake().update_rows(update));
    clock_.advance(kDay);
    VacuumRequest vacuum;
    vacuum.table = "s.t";
    vacuum.retain = Duration{};
    vacuum.force = true;
    const auto none = lake().vacuum(vacuum);
    ASSERT_TRUE(none) << none.error().message();
    EXPECT_EQ(none->files, 0u);
    EXPECT_EQ(lake().purge_table("s.t").error().code(), ErrorCode::kFailedPrecondition);

    // The source may be dropped too; the clone comes back behind it.
    ASSERT_EQ(problem(lake().drop_table("s.t")), "");
    const auto early = undrop("s.clone");
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().id(), errors::kTableFilesGone);
    ASSERT_TRUE(undrop("s.t"));
    ASSERT_TRUE(undrop("s.clone"));
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("s.clone") +
                            " WHERE page IS DISTINCT FROM 'new'"),
              6);
    EXPECT_EQ(problem(lake().verify("s.clone")), "");

    ASSERT_EQ(problem(lake().purge_table("s.clone")), "");
    const auto gone = lake().vacuum(vacuum);
    ASSERT_TRUE(gone) << gone.error().message();
    EXPECT_EQ(gone->files, 1u) << "now nobody needs it";
}

}  // namespace
}  // namespace tarn::lake
