#include "tarn/demo/demo.h"

#include <gtest/gtest.h>

#include "click_data.h"
#include "demo_control.h"
#include "ledger.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::demo {
namespace {

class DemoTest : public testing::Test {
  protected:
    // What a producer of `topic` leaves that sent 10 events and got `acknowledged` of them back.
    void produce(const std::string& folder, const std::string& topic, uint32_t acknowledged,
                 bool running) {
        auto ledger = Ledger::open(disk_, folder, topic);
        ASSERT_TRUE(ledger);
        ledger->add_sent(10);
        LedgerEntry entry;
        entry.count = acknowledged;
        entry.late = 1;
        ledger->add(entry);
        ledger->set_round(ledger->last_round() + 4);
        ASSERT_TRUE(ledger->flush(clock_.now(), running));
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
};

TEST_F(DemoTest, ProducersAreCountedTogether) {
    EXPECT_FALSE(read_producers(disk_, "data")) << "none ever ran";
    produce("data/demo", "clicks", 9, true);
    produce("data/demo/edits", "edits", 7, false);
    auto sum = read_producers(disk_, "data");
    ASSERT_TRUE(sum);
    EXPECT_EQ(sum->sent, 20);
    EXPECT_EQ(sum->acknowledged, 16);
    EXPECT_EQ(sum->acknowledged_by_topic["clicks"], 9);
    EXPECT_EQ(sum->acknowledged_by_topic["edits"], 7);
    EXPECT_EQ(sum->late_sent, 2);
    EXPECT_TRUE(sum->running) << "one of them";
}

TEST_F(DemoTest, ALaterRunBeginsBehindTheRoundsOfTheEarlier) {
    produce("ledger", "clicks", 9, false);
    auto later = Ledger::open(disk_, "ledger", "clicks");
    ASSERT_TRUE(later);
    EXPECT_EQ(later->last_round(), 3);
}

TEST_F(DemoTest, ACommandIsAFileAndWithoutASupervisorThereIsNoState) {
    ASSERT_TRUE(disk_.create_folders("data/demo/commands"));
    auto control = demo_control(disk_, "data");
    EXPECT_FALSE(control.state());
    ASSERT_TRUE(disk_.replace("data/demo/supervisor.json", R"({"pid": 0, "faults": []})"));
    EXPECT_FALSE(control.state()) << "nobody runs under that id";
    ASSERT_TRUE(control.command("kill"));
    auto files = disk_.list("data/demo/commands");
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 1u);
    EXPECT_TRUE(files->front().name.starts_with("kill."));
}

TEST(ClickDataTest, TheProgramCarriesIt) {
    auto data = load_click_data();
    ASSERT_TRUE(data);
    EXPECT_GT(data->sessions, 1000u);
    EXPECT_GE(data->clicks.size(), data->sessions);
}

}  // namespace
}  // namespace tarn::demo
