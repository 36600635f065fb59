#include "demo_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tarn::demo {
namespace {

constexpr const char* kState =
    R"({"pid":1,"server":{"starts":2,"last_exit":"x","last_recovery_ms":300,"down_since":null},
        "faults":[{"name":"kill","state":"idle","since":null,"what":"w","outcome":"o"},
                  {"name":"fill-disk","state":"running","since":null,"what":"w","outcome":""}],
        "history":[{"at":"t","action":"kill","sentence":"s","recovery_ms":300}]})";

TEST(DemoApi, WithoutASupervisorNothingCanBeBroken) {
    DemoControl control;
    auto state = nlohmann::json::parse(demo_json(control));
    EXPECT_EQ(state["supervised"], false);
    EXPECT_TRUE(state["faults"].empty() && state["history"].empty());
    auto refused = demo_command(control, "kill");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(refused.error().message(), testing::HasSubstr("tarn demo"));
}

TEST(DemoApi, HandsOnWhatTheSupervisorSays) {
    std::vector<std::string> commands;
    DemoControl control{.state = [] { return std::optional<std::string>(kState); },
                        .command =
                            [&](const std::string& action) {
                                commands.push_back(action);
                                return Status();
                            }};
    auto state = nlohmann::json::parse(demo_json(control));
    EXPECT_EQ(state["supervised"], true);
    EXPECT_EQ(state["server"]["starts"], 2);
    EXPECT_EQ(state["history"][0]["recovery_ms"], 300);
    EXPECT_FALSE(state.contains("pid"));
    auto taken = demo_command(control, "kill");
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->status, 202);
    auto busy = demo_command(control, "fill-disk");
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code(), ErrorCode::kFailedPrecondition);
    auto unknown = demo_command(control, "../../etc/passwd");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(commands, testing::ElementsAre("kill"));
}

TEST(DemoApi, WordsThatAreNoJsonCountAsNone) {
    DemoControl control{.state = [] { return std::optional<std::string>("{"); }, .command = {}};
    EXPECT_EQ(nlohmann::json::parse(demo_json(control))["supervised"], false);
    EXPECT_FALSE(demo_command(control, "kill"));
}

}  // namespace
}  // namespace tarn::demo
