// `maintain` of tarn.yml.

#include "tarn/project/maintain.h"

#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"
#include "tarn/project/project.h"

namespace tarn::project {
namespace {

Result<Project> load(const std::string& maintain) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    EXPECT_TRUE(disk.create_folders("/p"));
    EXPECT_TRUE(disk.replace("/p/tarn.yml", "name: p\n" + maintain));
    return load_project(disk, "/p");
}

TEST(Maintain, RulesOfTablesStandOnThoseOfAll) {
    const auto project = load(
        "maintain:\n  compact: 1h\n  tables:\n    a.b: {retain: 90d}\n    a.c: {compact: never}\n");
    ASSERT_TRUE(project) << project.error().message();
    const auto plan = care_plan(*project);
    EXPECT_EQ(plan.of("x.y").compact, Duration::seconds(3600));
    EXPECT_EQ(plan.of("a.b").compact, Duration::seconds(3600));
    EXPECT_EQ(plan.of("a.b").retain, Duration::seconds(90 * 86'400));
    EXPECT_EQ(plan.of("a.b").retain_by, "_ingested_at");
    EXPECT_EQ(plan.of("a.c").compact, std::nullopt);
    EXPECT_EQ(plan.of("a.c").line, 6);
}

TEST(Maintain, ClonesLiveAsLongAsIsSaid) {
    const auto project = load("maintain:\n  clones: 3d\n  tables:\n    a.b: {clones: forever}\n");
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(care_plan(*project).of("x.y").clones, Duration::seconds(3 * 86'400));
    EXPECT_EQ(care_plan(*project).of("a.b").clones, std::nullopt);
    EXPECT_FALSE(load("maintain: {clones: 1s}\n"));
}

TEST(Maintain, NothingIsDoneUnasked) {
    const auto project = load("");
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(care_plan(*project).of("a.b").compact, std::nullopt);
}

TEST(Maintain, WrongRulesAreRefused) {
    EXPECT_FALSE(load("maintain: {compact: often}\n"));
    EXPECT_FALSE(load("maintain: {compact: 1ms}\n"));
    EXPECT_FALSE(load("maintain: {tables: {clicks: {compact: 1h}}}\n"));
    EXPECT_FALSE(load("maintain: {tables: {a.b: {keep: 1h}}}\n"));
}

}  // namespace
}  // namespace tarn::project
