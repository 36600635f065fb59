// Which partition holds a watermark, as people are shown it.

#include "event_times.h"

#include <gtest/gtest.h>

namespace tarn::flow {
namespace {

constexpr Duration kIdle = Duration::seconds(10);

Timestamp at(int64_t seconds) { return {seconds * 1'000'000}; }

std::vector<PartitionPosition> shown(const EventTimes& times) {
    std::vector<PartitionPosition> positions;
    for (size_t s = 0; s < times.partitions.size(); ++s)
        for (size_t p = 0; p < times.partitions[s].size(); ++p)
            positions.push_back({.partition = int32_t(p), .source = int32_t(s)});
    show_event_times(times, kIdle, positions);
    return positions;
}

TEST(EventTimes, TheLeastOfThoseThatAreNotIdleHoldsTheWatermark) {
    EventTimes times;
    times.look_at({3});
    WatermarkClock clock(Duration::seconds(1), kIdle);
    clock.begin(times);
    clock.turn(at(1000));
    clock.take(0, 0, at(990));
    clock.take(0, 1, at(950));
    auto positions = shown(times);
    EXPECT_TRUE(positions[2].holds_watermark) << "it had no event yet, and may still have one";
    EXPECT_FALSE(positions[2].event_time);
    EXPECT_EQ(times.watermark, kNoWatermark);

    clock.turn(at(1001));
    clock.take(0, 0, at(991));
    positions = shown(times);
    EXPECT_TRUE(positions[2].idle);
    EXPECT_FALSE(positions[0].holds_watermark);
    EXPECT_TRUE(positions[1].holds_watermark);
    EXPECT_EQ(positions[1].event_time, at(950));
    EXPECT_EQ(positions[1].still, Duration::seconds(1));
    EXPECT_EQ(times.watermark, at(949)) << "what is shown to hold it does";

    for (int64_t t = 1002; t <= 1012; ++t) {
        clock.turn(at(t));
        clock.take(0, 0, at(t - 10));
    }
    positions = shown(times);
    EXPECT_TRUE(positions[1].idle);
    EXPECT_EQ(positions[1].still, Duration::seconds(12));
    EXPECT_TRUE(positions[0].holds_watermark);
    EXPECT_EQ(times.watermark, at(1001));
}

TEST(EventTimes, APartitionThatIsNotKnownYetShowsNothing) {
    EventTimes times;
    times.look_at({1});
    std::vector<PartitionPosition> positions = {{.partition = 0}, {.partition = 1}};
    show_event_times(times, kIdle, positions);
    EXPECT_TRUE(positions[0].still);
    EXPECT_TRUE(positions[0].holds_watermark);
    EXPECT_FALSE(positions[1].still);
    EXPECT_FALSE(positions[1].holds_watermark);
}

}  // namespace
}  // namespace tarn::flow
