// Tables that are seen to by themselves, on a simulated disk and by a clock that a test moves.

#include "tarn/host/table_care.h"

#include <gtest/gtest.h>

#include "tarn/base/ids.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/engine.h"

namespace tarn::host {
namespace {

using codec::ColumnType;
using project::CarePlan;

constexpr const char* kTable = "bronze.clicks";

class TableCareTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto engine = sql::Engine::open({}, disk_, nullptr);
        ASSERT_TRUE(engine) << engine.error().message();
        engine_ = std::move(*engine);
        auto lake = lake::Lake::open(
            "/lake", {disk_, clock_, random_, failpoints_, metrics_, Logger(), *engine_});
        ASSERT_TRUE(lake) << lake.error().message();
        lake_ = std::move(*lake);
        lake::TableSpec spec;
        spec.name = kTable;
        spec.columns = {{"id", ColumnType::kInt64, false}, {"at", ColumnType::kTimestamp, false}};
        ASSERT_TRUE(lake_->ensure_table(spec));
        care_.emplace(TableCareContext{*lake_, *engine_, clock_, metrics_, Logger(),
                                       [this](const flow::Node& node, flow::Dropped) -> Status {
                                           if (node.name == used_)
                                               return fail(ErrorCode::kFailedPrecondition, "used");
                                           return lake_->drop_table(node.name);
                                       },
                                       memory_});
    }
    void append(int64_t id) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = {{"id", ColumnType::kInt64, false}, {"at", ColumnType::kTimestamp, false}};
        batch->row_count = 1;
        codec::ColumnBuilder ids(ColumnType::kInt64), times(ColumnType::kTimestamp);
        ids.add_int(id);
        times.add_int(clock_.now().us);
        batch->columns.push_back(ids.finish(*batch));
        batch->columns.push_back(times.finish(*batch));
        lake::AppendRequest request;
        request.table = kTable;
        request.batches = {std::move(batch)};
        request.txn = lake::Txn{"writer", id};
        request.time = clock_.now();
        request.file_stem = "writer-" + std::to_string(id);
        const auto done = lake_->append(request);
        ASSERT_TRUE(done) << done.error().message();
    }
    lake::TableInfo table() { return *lake_->describe(kTable); }
    void pass(Duration time) {
        clock_.advance(time);
        care_->step();
    }

    std::shared_ptr<MemoryBudget> memory_ = MemoryBudget::root("all", 100 << 20);
    std::string used_;  // a table that is not dropped
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    Random random_{1};
    io::Failpoints failpoints_;
    Metrics metrics_;
    std::unique_ptr<sql::Engine> engine_;
    std::unique_ptr<lake::Lake> lake_;
    std::optional<TableCare> care_;
};

TEST_F(TableCareTest, SmallFilesArePackedWhenTheyAreDue) {
    CarePlan plan;
    plan.all.compact = Duration::seconds(3600);
    care_->set(plan);
    care_->step();
    for (int i = 0; i < 9; ++i)
        append(i);
    pass(Duration::seconds(30));
    EXPECT_EQ(table().files, 9u);
    pass(Duration::seconds(31));
    EXPECT_EQ(table().files, 1u);
    for (int i = 9; i < 20; ++i)
        append(i);
    pass(Duration::seconds(3500));
    EXPECT_EQ(table().files, 12u);
    pass(Duration::seconds(101));
    EXPECT_EQ(table().files, 1u);
    EXPECT_EQ(table().rows, 20);
    // The rest of a vacuum.
    plan.tables[kTable] = {
        .compact = std::nullopt, .vacuum = Duration::seconds(86'400), .retain = std::nullopt};
    care_->set(plan);
    const auto bytes = disk_.list("/lake/bronze/clicks")->size();
    pass(Duration::seconds(1));
    pass(Duration::seconds(8 * 86'400));
    EXPECT_LT(disk_.list("/lake/bronze/clicks")->size(), bytes);
    EXPECT_EQ(table().rows, 20);
}

TEST_F(TableCareTest, PackingWaitsWhileMemoryIsShortButNotForEver) {
    CarePlan plan;
    plan.all.compact = Duration::seconds(3600);
    care_->set(plan);
    for (int64_t id = 1; id <= 6; ++id)
        append(id);
    care_->step();
    auto all = memory_->reserve(90 << 20);
    ASSERT_TRUE(all);
    pass(Duration::seconds(60));
    EXPECT_EQ(table().files, 6);
    all->release();
    pass(Duration::seconds(10));
    EXPECT_EQ(table().files, 1);

    for (int64_t id = 7; id <= 12; ++id)
        append(id);
    all = memory_->reserve(90 << 20);
    pass(Duration::seconds(3600));
    EXPECT_EQ(table().files, 7);
    pass(Duration::seconds(3600));
    EXPECT_LT(table().files, 7);
}

TEST_F(TableCareTest, OldRowsGo) {
    CarePlan plan;
    plan.tables[kTable] = {.compact = std::nullopt,
                           .vacuum = std::nullopt,
                           .retain = Duration::seconds(5 * 3600),
                           .retain_by = "at"};
    care_->set(plan);
    care_->step();
    for (int hour = 0; hour < 12; ++hour) {
        append(hour);
        pass(Duration::seconds(3600));
    }
    // Those of the last five hours, and of the one that is not over.
    EXPECT_EQ(table().rows, 5);
}

TEST_F(TableCareTest, WhatFailsIsCountedAndTriedAgain) {
    CarePlan plan;
    plan.tables[kTable] = {.compact = std::nullopt,
                           .vacuum = std::nullopt,
                           .retain = Duration::seconds(3600),
                           .retain_by = "no_such_column"};
    care_->set(plan);
    care_->step();
    append(1);
    pass(Duration::seconds(61));
    pass(Duration::seconds(3601));
    EXPECT_NE(metrics_.text().find("tarn_maintain_failures_total 2"), std::string::npos);
    EXPECT_EQ(table().rows, 1);
}

TEST_F(TableCareTest, ShallowClonesThatAreTooOldAreDropped) {
    append(1);
    ASSERT_TRUE(lake_->clone({kTable, "lab.shallow", {}, false}));
    ASSERT_TRUE(lake_->clone({kTable, "lab.kept", {}, false}));
    ASSERT_TRUE(lake_->clone({kTable, "lab.used", {}, false}));
    ASSERT_TRUE(lake_->clone({kTable, "lab.deep", {}, true}));
    const auto of = lake_->clone_of("lab.shallow");
    ASSERT_TRUE(of && *of);
    EXPECT_EQ((*of)->source, kTable);
    EXPECT_TRUE((*of)->shallow);
    EXPECT_FALSE((*lake_->clone_of("lab.deep"))->shallow);
    EXPECT_FALSE(*lake_->clone_of(kTable));
    used_ = "lab.used";
    CarePlan plan;
    plan.all.clones = Duration::seconds(3 * 86'400);
    plan.tables["lab.kept"] = {};
    care_->set(plan);
    care_->step();
    pass(Duration::seconds(3 * 86'400 - 1));
    EXPECT_EQ(lake_->tables().size(), 5u);
    pass(Duration::seconds(3601));
    EXPECT_EQ(lake_->tables(),
              (std::vector<std::string>{kTable, "lab.deep", "lab.kept", "lab.used"}));
    EXPECT_EQ(lake_->dropped().size(), 1u);
    ASSERT_TRUE(lake_->undrop_table({.table = "lab.shallow"}));
    EXPECT_EQ(lake_->describe("lab.shallow")->rows, 1);
}

TEST_F(TableCareTest, DroppedTablesGoWhenTheirTimeIsOver) {
    append(1);
    care_->step();
    ASSERT_TRUE(lake_->drop_table(kTable));
    pass(Duration::seconds(7 * 86'400 - 1));
    EXPECT_EQ(lake_->dropped().size(), 1u);
    pass(Duration::seconds(601));
    EXPECT_TRUE(lake_->dropped().empty());
    EXPECT_EQ(metrics_.text().find("tarn_maintain_freed_bytes_total 0"), std::string::npos);
}

}  // namespace
}  // namespace tarn::host
