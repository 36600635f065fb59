#include "ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarn::server {
namespace {

// A flow of one partition that began at offset 100 and has committed up to `next` of `high`.
LedgerReading reading(int64_t next, int64_t high, int64_t dead_letters, int64_t rows) {
    LedgerReading r;
    r.flow.name = "clicks.table";
    r.flow.source = flow::topic_node("clicks");
    r.flow.epoch = 7;
    r.flow.dead_letters = dead_letters;
    r.flow.positions = {
        {.partition = 0, .start_offset = 100, .next_offset = next, .high_watermark = high}};
    r.table = "bronze.clicks";
    r.entry = true;
    r.log_records = high;
    r.table_version = 9;
    r.table_rows = rows;
    r.table_epoch = 7;
    return r;
}
Ledger of(const LedgerReading& r, std::optional<ProducerLedger> producer = {}) {
    return ledger({ledger_line(r)}, producer, 0, Timestamp{1});
}

ProducerLedger producer(int64_t sent, int64_t acknowledged) {
    ProducerLedger p;
    p.sent = sent;
    p.acknowledged = acknowledged;
    return p;
}

TEST(Ledger, AddsUp) {
    const auto l = of(reading(1100, 1150, 5, 995), producer(1150, 1150));
    EXPECT_EQ(l.committed, 1000);
    EXPECT_EQ(l.bronze, 995);
    EXPECT_EQ(l.dead_letters, 5);
    EXPECT_EQ(l.in_flight, 50);
    EXPECT_EQ(l.lost, 0);
    EXPECT_EQ(l.duplicated, 0);
    EXPECT_EQ(l.unknown, "");
}

TEST(Ledger, ShowsWhatTheTableMisses) {
    const auto l = of(reading(1100, 1100, 5, 990));
    EXPECT_EQ(l.lost, 5);
    EXPECT_EQ(l.duplicated, 0);
}

TEST(Ledger, ShowsWhatTheTableHasTwice) {
    const auto l = of(reading(1100, 1100, 5, 1005));
    EXPECT_EQ(l.lost, 0);
    EXPECT_EQ(l.duplicated, 10);
}

// What was acknowledged since is in the log as it is now, not in that of the line.
TEST(Ledger, ALineOfBeforeStandsBesideTheLogOfNow) {
    const auto before = ledger_line(reading(1100, 1150, 5, 995));
    const auto l = ledger({at_log(before, 1156)}, producer(1156, 1156), 0, Timestamp{1});
    EXPECT_EQ(l.lost, 0);
    EXPECT_EQ(l.in_flight, 56);
    EXPECT_EQ(l.bronze.value_or(-1) + l.dead_letters + l.in_flight, l.log_records - 100);
}

TEST(Ledger, ComparesEachTopicWithItsOwnProducers) {
    auto clicks = ledger_line(reading(1100, 1100, 0, 1000));
    auto edits = clicks;
    edits.flow = "edits.table";
    edits.topic = "edits";
    auto p = producer(2100, 2100);
    p.acknowledged_by_topic = {{"clicks", 1100}, {"edits", 1000}};
    EXPECT_EQ(ledger({clicks, edits}, p, 0, Timestamp{1}).lost, 0);
    // 100 of one topic are gone; the other's records, more than were acknowledged, do not hide it.
    p.acknowledged_by_topic = {{"clicks", 1200}, {"edits", 900}};
    EXPECT_EQ(ledger({clicks, edits}, p, 0, Timestamp{1}).lost, 100);
    // Of a topic without a table nothing is known.
    p.acknowledged_by_topic = {{"clicks", 1100}, {"notes", 7}};
    const auto l = ledger({clicks, edits}, p, 0, Timestamp{1});
    EXPECT_EQ(l.lost, std::nullopt);
    EXPECT_THAT(l.unknown, testing::HasSubstr("notes"));
}

TEST(Ledger, ShowsWhatTheLogLost) {
    const auto l = of(reading(1100, 1100, 0, 1000), producer(1110, 1103));
    EXPECT_EQ(l.lost, 3);
}

TEST(Ledger, DoesNotGuessBetweenEpochs) {
    auto r = reading(1100, 1150, 5, 1200);
    r.table_epoch = 8;  // the table is ahead of the positions: its rows are of another moment
    const auto l = of(r);
    EXPECT_FALSE(l.lost || l.duplicated || l.bronze);
    EXPECT_NE(l.unknown, "");
}

TEST(Ledger, DoesNotGuessWithoutStatistics) {
    auto r = reading(1100, 1150, 5, 0);
    r.table_rows.reset();
    EXPECT_FALSE(of(r).lost);
    EXPECT_NE(of(r).unknown.find("bronze.clicks"), std::string::npos);
    EXPECT_FALSE(ledger({}, {}, 0, Timestamp{1}).lost) << "nothing is known of no flows";
}

TEST(Ledger, CountsATopicOnceAndInnerFlowsNotAtAll) {
    auto first = ledger_line(reading(1100, 1100, 0, 1000)), second = first, inner = first;
    second.table = "bronze.copy";
    inner.entry = false;
    inner.lost = 4;
    const auto l = ledger({first, second, inner}, {}, 0, Timestamp{1});
    EXPECT_EQ(l.log_records, 1100);
    EXPECT_EQ(l.bronze, 2000);
    EXPECT_EQ(l.lost, 0);
    EXPECT_EQ(l.lines.size(), 3u);
}

}  // namespace
}  // namespace tarn::server
