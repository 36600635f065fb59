// What rates and lags were: points, gaps, clocks that step, and the file.

#include "history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"

namespace tarn::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using Values = std::vector<std::optional<double>>;

constexpr int64_t kStart = 1'800'000'000;  // seconds; a whole five minutes

class HistoryTest : public ::testing::Test {
  protected:
    History make() { return {disk_, "data/history", Logger()}; }
    static Timestamp at(int64_t seconds) { return {(kStart + seconds) * 1'000'000}; }
    static void add(History& history, int64_t seconds, double rate, double lag) {
        const Reading readings[] = {{"topic:t", Reading::Kind::kMean, rate},
                                    {"lag:f", Reading::Kind::kGreatest, lag}};
        history.add(at(seconds), readings);
    }
    // The newest points of a series.
    static Values newest(const History& history, std::string_view range, const std::string& name,
                         size_t n) {
        const std::string names[] = {name};
        auto window = *history.read(range, names);
        if (window.series.size() != 1) return {};
        auto& values = window.series[0].values;
        return {values.end() - std::ptrdiff_t(std::min(n, values.size())), values.end()};
    }
    void SetUp() override { ASSERT_TRUE(disk_.create_folders("data")); }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
};

TEST_F(HistoryTest, APointHasTheMeanOfARateAndTheGreatestLag) {
    auto history = make();
    for (int64_t s = 0; s < 20; ++s)
        add(history, s, s < 10 ? double(s) : 100, s == 3 ? 70 : 1);
    EXPECT_THAT(newest(history, "5m", "topic:t", 2), ElementsAre(Optional(100.), Optional(100.)));
    EXPECT_THAT(newest(history, "1h", "topic:t", 3),
                ElementsAre(std::nullopt, Optional(4.5), Optional(100.)));
    EXPECT_THAT(newest(history, "1h", "lag:f", 2), ElementsAre(Optional(70.), Optional(1.)));
    EXPECT_THAT(newest(history, "1d", "topic:t", 1), ElementsAre(Optional(52.25)));
    EXPECT_THAT(newest(history, "1d", "lag:f", 1), ElementsAre(Optional(70.)));
    const auto window = *history.read("1h", {});
    EXPECT_EQ(window.first, at(10 - 359 * 10));
    EXPECT_EQ(window.series.size(), 2u);
    EXPECT_EQ(window.series[0].values.size(), 360u);
    EXPECT_FALSE(history.read("2h", {}));
}

TEST_F(HistoryTest, TimesWithoutReadingsAreGapsAndOldPointsGo) {
    auto history = make();
    add(history, 0, 1, 1);
    add(history, 3, 2, 1);
    EXPECT_THAT(newest(history, "5m", "topic:t", 5),
                ElementsAre(std::nullopt, Optional(1.), std::nullopt, std::nullopt, Optional(2.)));
    add(history, 303, 3, 1);  // a whole range later
    auto values = newest(history, "5m", "topic:t", 300);
    ASSERT_EQ(values.size(), 300u);
    EXPECT_EQ(std::ranges::count_if(values, [](auto v) { return v.has_value(); }), 1);
    EXPECT_THAT(newest(history, "1d", "topic:t", 2), ElementsAre(Optional(1.5), Optional(3.)));
    history.add(at(2 * 86'400), {});  // whose flow is gone
    EXPECT_TRUE(history.read("1d", {})->series.empty()) << "nothing is known of it any more";
}

TEST_F(HistoryTest, AClockThatStepsBackMakesNoPointsAheadOfIt) {
    auto history = make();
    add(history, 100, 1, 1);
    add(history, 103, 2, 1);
    add(history, 101, 3, 1);
    EXPECT_THAT(newest(history, "5m", "topic:t", 2), ElementsAre(Optional(1.), Optional(3.)));
    add(history, 103, 4, 1);
    EXPECT_THAT(newest(history, "5m", "topic:t", 3),
                ElementsAre(Optional(3.), std::nullopt, Optional(4.)));
}

TEST_F(HistoryTest, TheHourAndTheDayOutliveTheProcess) {
    {
        auto history = make();
        for (int64_t s = 0; s < 310; ++s)
            add(history, s, double(s), 5);
        // No end: kill -9. The file is of the newest five minutes that began.
    }
    auto history = make();
    history.load(at(330));
    EXPECT_TRUE(newest(history, "5m", "topic:t", 1).empty());
    add(history, 330, 7, 9);
    EXPECT_THAT(
        newest(history, "1h", "topic:t", 5),
        ElementsAre(Optional(294.5), Optional(300.), std::nullopt, std::nullopt, Optional(7.)));
    EXPECT_THAT(newest(history, "1d", "topic:t", 2), ElementsAre(Optional(149.5), Optional(7.)));
    EXPECT_THAT(newest(history, "1d", "lag:f", 2), ElementsAre(Optional(5.), Optional(9.)));
    history.save();
    auto again = make();
    again.load(at(331));
    EXPECT_THAT(newest(again, "1h", "topic:t", 1), ElementsAre(Optional(7.)));
}

TEST_F(HistoryTest, AFileThatCannotBeReadIsAsIfThereWereNone) {
    auto written = make();
    add(written, 0, 1, 1);
    written.save();
    const auto good = *disk_.read_all("data/history");
    auto readable = [&](std::string bytes, int64_t seconds = 10) {
        EXPECT_TRUE(disk_.replace("data/history", bytes));
        auto history = make();
        history.load(at(seconds));
        return !history.read("1d", {})->series.empty();
    };
    EXPECT_TRUE(readable(good));
    EXPECT_FALSE(readable(good, -1000)) << "it is of a later time than now";
    for (size_t cut = 0; cut < good.size(); cut += cut < 64 ? 1 : 97)
        EXPECT_FALSE(readable(good.substr(0, cut))) << cut;
    for (size_t at = 0; at < good.size(); at += at < 64 ? 1 : 89) {
        auto bad = good;
        bad[at] = char(bad[at] ^ 0x10);
        EXPECT_FALSE(readable(bad)) << at;
    }
    EXPECT_FALSE(readable(good + "x"));
}

TEST_F(HistoryTest, SeriesAreBoundedAndWhatHasNoRoomIsCounted) {
    auto history = make();
    std::vector<Reading> readings;
    for (size_t i = 0; i < History::kMaxSeries + 3; ++i)
        readings.push_back({"topic:" + std::to_string(i), Reading::Kind::kMean, 1});
    history.add(at(0), readings);
    const auto window = *history.read("5m", {});
    EXPECT_EQ(window.series.size(), History::kMaxSeries);
    EXPECT_EQ(window.left_out, 3);
}

TEST_F(HistoryTest, AFullDiskCostsTheFileAlone) {
    auto history = make();
    add(history, 0, 1, 1);
    disk_.set_faults({.capacity_bytes = disk_.used_bytes()});
    history.save();
    disk_.set_faults({});
    EXPECT_THAT(newest(history, "5m", "topic:t", 1), ElementsAre(Optional(1.)));
    history.save();
    auto again = make();
    again.load(at(1));
    EXPECT_EQ(again.read("1d", {})->series.size(), 2u);
}

}  // namespace
}  // namespace tarn::server
