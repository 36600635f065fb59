#include "tarn/catalog/why.h"

#include <gtest/gtest.h>

namespace tarn::catalog {
namespace {

constexpr Timestamp kNow{1'000'000'000'000'000};

flow::FlowStatus flow_in(flow::FlowState state, int64_t lag = 0) {
    flow::FlowStatus flow;
    flow.name = "clicks.table";
    flow.source = flow::topic_node("clicks");
    flow.unit = "record";
    flow.state = state;
    flow.every = Duration::seconds(1);
    flow.positions = {{.partition = 0, .next_offset = 10, .high_watermark = 10 + lag}};
    return flow;
}

TEST(Why, EveryStateHasOneSentence) {
    for (auto state :
         {flow::FlowState::kStarting, flow::FlowState::kRunning, flow::FlowState::kPaused,
          flow::FlowState::kRetrying, flow::FlowState::kFailed, flow::FlowState::kStopped}) {
        auto said = why(flow_in(state), kNow);
        EXPECT_TRUE(said.sentence.starts_with("clicks.table ")) << said.sentence;
        EXPECT_TRUE(said.sentence.ends_with('.')) << said.sentence;
        EXPECT_EQ(said.sentence.find('\n'), std::string::npos);
        if (state != flow::FlowState::kRunning) {
            EXPECT_FALSE(said.advancing) << said.sentence;
            EXPECT_FALSE(said.todo.empty()) << said.sentence;
        }
    }
}

TEST(Why, ARunningFlowAdvancesWaitsOrIsStuck) {
    auto flow = flow_in(flow::FlowState::kRunning, 5);
    flow.last_commit = Timestamp{kNow.us - 200'000};
    EXPECT_TRUE(why(flow, kNow).advancing);
    EXPECT_NE(why(flow, kNow).sentence.find("5 records of clicks wait"), std::string::npos);
    flow.unit = "version";
    EXPECT_NE(why(flow, kNow).sentence.find("5 versions of clicks wait"), std::string::npos);
    flow.last_commit = Timestamp{kNow.us - 90'000'000};
    auto stuck = why(flow, kNow);
    EXPECT_FALSE(stuck.advancing);
    EXPECT_NE(stuck.sentence.find("nothing for 90 s"), std::string::npos) << stuck.sentence;
    EXPECT_FALSE(stuck.todo.empty());
    auto idle = flow_in(flow::FlowState::kRunning);
    EXPECT_FALSE(why(idle, kNow).advancing);
    EXPECT_TRUE(why(idle, kNow).todo.empty()) << "to wait for input is no trouble";
}

TEST(Why, TheReasonIsSaidOnceAndWhole) {
    auto flow = flow_in(flow::FlowState::kFailed, 1);
    flow.reason = "the disk is gone.\n";
    auto said = why(flow, kNow);
    EXPECT_EQ(said.sentence, "clicks.table has stopped: the disk is gone.");
    EXPECT_EQ(said.todo, "Mend what is named, then: tarn flow resume clicks.table");
    auto paused = why(flow_in(flow::FlowState::kPaused, 1), kNow);
    EXPECT_NE(paused.sentence.find("1 record of clicks waits"), std::string::npos)
        << paused.sentence;
}

}  // namespace
}  // namespace tarn::catalog
