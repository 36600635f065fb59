#include "tarn/sql/query_log.h"

#include <gtest/gtest.h>

#include "tarn/sql/error_ids.h"

namespace tarn::sql {
namespace {

TEST(QueryLog, SaysHowQueriesEnd) {
    ManualClock clock(Timestamp{1'000'000});
    QueryLog log(clock);
    const auto first = log.begin("select 1"), second = log.begin("select 2");
    clock.advance(Duration::millis(5));
    const auto third = log.begin("select 3");
    log.end(first, QueryStats{.rows = 7, .truncated = false, .elapsed = {}});
    log.end(second, fail(errors::kSqlTimeout, "too long"));
    clock.advance(Duration::millis(3));
    log.end(third, fail(errors::kSql, "not right"));
    const auto fourth = log.begin("select 4");
    clock.advance(Duration::millis(1));
    const auto list = log.list();
    ASSERT_EQ(list.size(), 4u);
    EXPECT_EQ(list[0].id, fourth);
    EXPECT_EQ(list[0].state, "running");
    EXPECT_EQ(list[0].elapsed.us, 1000);
    EXPECT_EQ(list[1].state, "failed");
    EXPECT_EQ(list[1].error, "TARN-E0801");
    EXPECT_EQ(list[1].elapsed.us, 3000);
    EXPECT_EQ(list[2].state, "cancelled");
    EXPECT_EQ(list[3].state, "done");
    EXPECT_EQ(list[3].rows, 7);
    EXPECT_EQ(list[3].started.us, 1'000'000);
    EXPECT_EQ(list[3].elapsed.us, 5000);
    EXPECT_EQ(list[3].text, "select 1");
}

TEST(QueryLog, KeepsTheNewestAndAllThatRun) {
    ManualClock clock(Timestamp{0});
    QueryLog log(clock);
    const auto running = log.begin("endless");
    for (int i = 0; i < 1000; ++i)
        log.end(log.begin(std::to_string(i)), QueryStats{});
    const auto list = log.list();
    ASSERT_EQ(list.size(), QueryLog::kMostEnded + 1);
    EXPECT_EQ(list.front().text, "999");
    EXPECT_EQ(list.back().id, running);
    log.end(running, QueryStats{});
    EXPECT_EQ(log.list().size(), QueryLog::kMostEnded);
    log.end(running, QueryStats{});  // no more there
    EXPECT_EQ(log.list().size(), QueryLog::kMostEnded);
}

TEST(QueryLog, CutsLongTextsBetweenCharacters) {
    ManualClock clock(Timestamp{0});
    QueryLog log(clock);
    log.begin(std::string(QueryLog::kMostText, 'a'));
    log.begin(std::string(QueryLog::kMostText - 1, 'a') + "ö and more");
    const auto list = log.list();
    EXPECT_EQ(list[1].text, std::string(QueryLog::kMostText, 'a'));
    EXPECT_EQ(list[0].text, std::string(QueryLog::kMostText - 1, 'a') + "…");
}

}  // namespace
}  // namespace tarn::sql
