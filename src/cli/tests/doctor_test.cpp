#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capabilities.h"
#include "doctor_checks.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::cli {
namespace {

using Level = host::Finding::Level;

class DoctorTest : public testing::Test {
  protected:
    host::Finding examined(std::string_view name) {
        std::vector<host::Finding> found;
        host::Findings findings{std::string(name), found};
        const auto checks = all_doctor_checks();
        std::ranges::find(checks, name, &host::DoctorCheck::name)->examine(world_, findings);
        EXPECT_EQ(found.size(), 1u);
        return found.empty() ? host::Finding{} : found.front();
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    host::DoctorWorld world_{.program = program(),
                             .fs = disk_,
                             .clock = clock_,
                             .machine = {.kernel = "Linux",
                                         .cores = 2,
                                         .memory_bytes = int64_t(8) << 30,
                                         .available_bytes = int64_t(4) << 30,
                                         .open_files = 65'536},
                             .data = "data",
                             .serving = {},
                             .project = ".",
                             .project_given = false,
                             .flags = {},
                             .settings = {}};
};

TEST_F(DoctorTest, WhatNeedsSettingsComesAfterTheProjectThatLoadsThem) {
    std::set<std::string_view> names;
    bool loaded = false;
    for (const auto& check : all_doctor_checks()) {
        EXPECT_TRUE(names.insert(check.name).second) << check.name << " stands twice";
        EXPECT_TRUE(loaded || !check.needs_settings) << check.name;
        loaded = loaded || check.name == "project";
    }
    EXPECT_EQ(examined("project").found, "no project");
    EXPECT_TRUE(world_.settings);
}

TEST_F(DoctorTest, SettingsThatDoNotLoadAreSaidUnderTheirName) {
    world_.flags["memory.limit"] = "much";
    auto finding = examined("project");
    EXPECT_EQ(finding.check, "settings");
    EXPECT_EQ(finding.level, Level::kFail);
    EXPECT_FALSE(world_.settings);
}

TEST_F(DoctorTest, MemoryIsComparedWithTheMachines) {
    world_.flags["memory.limit"] = "2GiB";
    examined("project");
    EXPECT_EQ(examined("memory").level, Level::kOk);
    world_.machine.available_bytes = int64_t(1) << 30;
    auto finding = examined("memory");
    EXPECT_EQ(finding.level, Level::kWarn);
    EXPECT_THAT(finding.found, testing::HasSubstr("other programs have the rest"));
    EXPECT_EQ(finding.todo, "End some, or give it less: --memory 768MiB.");
    world_.serving = host::Serving{1, "127.0.0.1:9092", "127.0.0.1:8080"};
    EXPECT_EQ(examined("memory").level, Level::kOk) << "it is Tarn that has it";
    world_.machine.memory_bytes = int64_t(1) << 30;
    EXPECT_THAT(examined("memory").found, testing::HasSubstr("more than there is"));
}

TEST_F(DoctorTest, OpenFilesAreBounded) {
    EXPECT_EQ(examined("open files").level, Level::kOk);
    world_.machine.open_files = 1024;
    EXPECT_EQ(examined("open files").level, Level::kWarn);
    world_.machine.open_files = 128;
    EXPECT_EQ(examined("open files").level, Level::kFail);
}

TEST_F(DoctorTest, ListenersThatAreOpenToOthersAreTold) {
    world_.flags["http.address"] = "0.0.0.0";
    examined("project");
    auto finding = examined("network");
    EXPECT_EQ(finding.level, Level::kWarn);
    EXPECT_THAT(finding.found, testing::StartsWith("open to others: http on 0.0.0.0;"));
}

TEST_F(DoctorTest, AClockThatIsBehindIsTold) {
    EXPECT_EQ(examined("clock").level, Level::kFail) << "it shows 2023";
    clock_.advance(Duration::seconds(100'000'000));
    EXPECT_EQ(examined("clock").level, Level::kOk);
}

}  // namespace
}  // namespace tarn::cli
