// What retention, delete_records and delete_topic may take away, and what holds keep; full disks.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log_fixture.h"

namespace tarn::log::testing {
namespace {

using ::testing::HasSubstr;

constexpr auto kDay = Duration::seconds(24 * 3600);

class RetentionTest : public ::testing::Test, public LogWorld {
  protected:
    void SetUp() override { open(); }
    // In segments of 64 KiB that grow to 4 MiB.
    PartitionId topic_in_growing_segments() {
        options.segment_bytes = 4 << 20;
        options.first_segment_bytes = 64 << 10;
        reopen();
        return topic("t");
    }
    void fill(const PartitionId& id, int batches, int64_t timestamp_ms) {
        for (int i = 0; i < batches; ++i) {
            auto outcome =
                append(id, make_batch("x", {.value_bytes = 6000, .timestamp_ms = timestamp_ms}));
            ASSERT_EQ(outcome.code, AppendCode::kOk) << outcome.message;
        }
    }
    int64_t now_ms() { return clock.now().ms(); }
};

TEST_F(RetentionTest, OldSegmentsAreFreedAndReused) {
    auto id = topic("t", {.retention = kDay});
    fill(id, 60, now_ms());
    auto before = log->usage();
    EXPECT_EQ(*log->run_retention(), 0u);
    clock.advance(kDay * 2);
    fill(id, 1, now_ms());
    EXPECT_GT(*log->run_retention(), 4 * options.segment_bytes);
    EXPECT_GT(log->offsets(id)->log_start_offset, 40);
    EXPECT_EQ(log->fetch(id, 0, 1000).code, FetchCode::kOffsetOutOfRange);
    auto spent = disk.used_bytes();
    for (int i = 0; i < 5; ++i) {
        fill(id, 30, now_ms());
        clock.advance(kDay * 2);
        ASSERT_TRUE(log->run_retention().has_value());
    }
    EXPECT_LT(disk.used_bytes(), spent + 3 * options.segment_bytes);
    EXPECT_LE(log->usage().segments, before.segments);
    reopen();
    EXPECT_EQ(read_all(*log, id, log->offsets(id)->log_start_offset).error, "");
    EXPECT_EQ(log->offsets(id)->high_watermark, 211);
}

TEST_F(RetentionTest, ATimestampInTheFarFutureKeepsNothing) {
    auto id = topic("t", {.retention = kDay});
    fill(id, 60, now_ms() + 1000 * kDay.ms());
    clock.advance(kDay * 2);
    EXPECT_GT(*log->run_retention(), 0u);
}

TEST_F(RetentionTest, BytesAreLimitedForEachPartition) {
    auto id = topic("t", {.partitions = 2, .retention_bytes = 150'000});
    PartitionId other{id.topic, 1};
    fill(other, 3, now_ms());
    fill(id, 80, now_ms());
    ASSERT_TRUE(log->run_retention().has_value());
    auto offsets = log->offsets(id);
    EXPECT_GE(offsets->bytes, 150'000);
    EXPECT_LT(offsets->bytes, 150'000 + int64_t(options.segment_bytes));
    EXPECT_EQ(log->offsets(other)->log_start_offset, 0);
    EXPECT_EQ(read_all(*log, other, 0).offsets.size(), 3u);
}

TEST_F(RetentionTest, ASegmentStaysWhileAnyPartitionNeedsIt) {
    auto keep = topic("keep", {.retention = Duration::seconds(-1)});
    auto go = topic("go", {.retention = kDay});
    fill(keep, 1, now_ms());
    fill(go, 60, now_ms());
    clock.advance(kDay * 2);
    EXPECT_GT(*log->run_retention(), 0u);
    crash();
    open();
    EXPECT_EQ(read_all(*log, keep, 0).offsets.size(), 1u);
    EXPECT_GE(log->offsets(go)->log_start_offset, 50);
    fill(go, 20, now_ms());
    crash();
    open();
    EXPECT_EQ(read_all(*log, keep, 0).offsets.size(), 1u);
    EXPECT_EQ(log->offsets(go)->high_watermark, 80);
}

TEST_F(RetentionTest, AHoldKeepsWhatAFlowHasNotRead) {
    auto id = topic("t", {.retention = kDay});
    fill(id, 60, now_ms());
    clock.advance(kDay * 2);
    log->set_hold("flow.clicks", id, 7);
    ASSERT_TRUE(log->run_retention().has_value());
    EXPECT_EQ(log->offsets(id)->log_start_offset, 7);
    EXPECT_EQ(read_all(*log, id, 7).offsets.size(), 53u);
    auto refused = log->delete_records(id, 8);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(refused.error().message(), HasSubstr("flow.clicks"));
    EXPECT_THAT(log->delete_topic("t").error().message(), HasSubstr("flow.clicks"));
    log->release_holds("flow.clicks");
    EXPECT_TRUE(log->delete_records(id, 8).has_value());
    EXPECT_TRUE(log->delete_topic("t").has_value());
}

TEST_F(RetentionTest, DeletedRecordsStayDeleted) {
    auto id = topic("t");
    for (int i = 0; i < 10; ++i)
        append(id, make_batch("x", {.records = 10}));
    EXPECT_EQ(*log->delete_records(id, 34), 34);
    EXPECT_EQ(*log->delete_records(id, 20), 34);
    EXPECT_EQ(log->delete_records(id, 101).error().code(), ErrorCode::kInvalidArgument);
    crash();
    open();
    EXPECT_EQ(log->offsets(id)->log_start_offset, 34);
    auto fetched = log->fetch(id, 34, 1);
    ASSERT_EQ(fetched.code, FetchCode::kOk);
    EXPECT_EQ(codec::parse_batch_header(fetched.slices[0].bytes)->base_offset, 30);
    EXPECT_EQ(log->fetch(id, 33, 1).code, FetchCode::kOffsetOutOfRange);
}

TEST_F(RetentionTest, ADeletedTopicGivesItsSpaceBackAndItsNameIsFree) {
    auto id = topic("t");
    fill(id, 60, now_ms());
    std::vector<PartitionId> told;
    auto token = log->add_listener(
        [&](auto partitions) { told.insert(told.end(), partitions.begin(), partitions.end()); });
    ASSERT_TRUE(log->delete_topic("t").has_value());
    log->remove_listener(token);
    EXPECT_THAT(told, ::testing::ElementsAre(id));
    EXPECT_EQ(log->fetch(id, 0, 1).code, FetchCode::kUnknownPartition);
    EXPECT_GT(*log->run_retention(), 3 * options.segment_bytes);
    auto again = topic("t");
    EXPECT_NE(again.topic, id.topic);
    EXPECT_EQ(append(again, make_batch("x")).base_offset, 0);
    crash();
    open();
    EXPECT_FALSE(log->find_topic(id.topic).has_value());
    EXPECT_EQ(read_all(*log, again, 0).offsets.size(), 1u);
}

TEST_F(RetentionTest, AFullDiskRefusesAndGoesOnWhenThereIsSpace) {
    auto id = topic("t");
    disk.set_faults({.capacity_bytes = 6 * options.segment_bytes});
    int64_t stored = 0;
    AppendOutcome outcome;
    for (int i = 0; i < 200; ++i) {
        outcome = append(id, make_batch(fmt::format("v{}", i), {.value_bytes = 6000}));
        if (outcome.code != AppendCode::kOk) break;
        ++stored;
    }
    EXPECT_EQ(outcome.code, AppendCode::kReadOnly);
    EXPECT_TRUE(log->usage().read_only);
    EXPECT_THAT(log->usage().read_only_reason, HasSubstr("log takes no writes"));
    EXPECT_EQ(int64_t(read_all(*log, id, 0).offsets.size()), stored);
    disk.set_faults({});
    for (int i = 0; i < 5; ++i) {
        auto next = append(id, make_batch("more"));
        EXPECT_EQ(next.code, AppendCode::kOk) << next.message;
        EXPECT_EQ(next.base_offset, stored + i);
    }
    EXPECT_FALSE(log->usage().read_only);
    crash();
    open();
    EXPECT_EQ(int64_t(read_all(*log, id, 0).offsets.size()), stored + 5);
}

TEST_F(RetentionTest, AFullDiskIsSaidOnceAndLeftWithoutAnAppend) {
    ::testing::internal::CaptureStderr();
    logger = Logger::open({});
    reopen();
    auto id = topic("t");
    disk.set_faults({.capacity_bytes = disk.used_bytes() + options.segment_bytes});
    int stored = 0, refused = 0;
    for (int i = 0; i < 100; ++i) {
        auto outcome = append(id, make_batch("v", {.value_bytes = 6000}));
        outcome.code == AppendCode::kOk ? ++stored : ++refused;
    }
    EXPECT_GT(refused, 50);
    EXPECT_TRUE(log->usage().read_only);
    disk.set_faults({});
    log->step();
    EXPECT_FALSE(log->usage().read_only);
    const auto said = ::testing::internal::GetCapturedStderr();
    const auto once = [&](const std::string& text) {
        const auto at = said.find(text);
        return at != said.npos && said.find(text, at + 1) == said.npos;
    };
    EXPECT_TRUE(once("error log:")) << said;
    EXPECT_TRUE(once(fmt::format("refused={}", refused))) << said;
    EXPECT_EQ(int(read_all(*log, id, 0).offsets.size()), stored);
}

TEST_F(RetentionTest, ASegmentGrowsAsItIsFilledAndIsTrimmedWhenItEnds) {
    const auto id = topic_in_growing_segments();
    for (int i = 0; i < 7; ++i)
        EXPECT_EQ(append(id, make_batch("v")).code, AppendCode::kOk);
    EXPECT_LE(log->usage().disk_bytes, 128u << 10);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(append(id, make_batch("v", {.value_bytes = 6000})).code, AppendCode::kOk);
    EXPECT_GT(log->usage().disk_bytes, 400u << 10);
    EXPECT_LE(log->usage().disk_bytes, 1u << 20);
    log->close();
    const auto closed = log->usage().disk_bytes;
    EXPECT_LE(closed, 500u << 10);
    reopen();
    EXPECT_LE(log->usage().disk_bytes, closed + (64u << 10));
    EXPECT_EQ(read_all(*log, id, 0).offsets.size(), 57u);
    crash();
    open();
    EXPECT_EQ(read_all(*log, id, 0).offsets.size(), 57u);
}

TEST_F(RetentionTest, TheLastOfTheDiskIsUsed) {
    const auto id = topic_in_growing_segments();
    const auto spent = disk.used_bytes();
    disk.set_faults({.capacity_bytes = spent + (600 << 10)});
    uint64_t stored = 0;
    while (append(id, make_batch("v", {.value_bytes = 6000})).code == AppendCode::kOk)
        ++stored;
    EXPECT_GT(stored * 8192, 550u << 10);
    crash();
    disk.set_faults({});
    open();
    EXPECT_EQ(read_all(*log, id, 0).offsets.size(), stored);
}

TEST_F(RetentionTest, RecordsWithoutATimeAreAsOldAsTheirAppend) {
    auto id = topic("t", {.retention = kDay});
    fill(id, 60, -1);
    EXPECT_EQ(*log->run_retention(), 0u);
    EXPECT_EQ(log->offsets(id)->log_start_offset, 0);
    clock.advance(kDay * 2);
    fill(id, 1, now_ms());
    EXPECT_GT(*log->run_retention(), 0u);
}

TEST_F(RetentionTest, TheDiskLimitThrottlesUntilRetentionFreesSomething) {
    log.reset();
    options.disk_limit_bytes = 5 * options.segment_bytes;
    open();
    auto id = topic("t", {.retention = kDay});
    AppendOutcome outcome;
    for (int i = 0; i < 200 && outcome.code == AppendCode::kOk; ++i) {
        outcome = append(id, make_batch("x", {.value_bytes = 6000, .timestamp_ms = now_ms()}));
    }
    EXPECT_EQ(outcome.code, AppendCode::kThrottled);
    EXPECT_THAT(outcome.message, HasSubstr("disk limit"));
    EXPECT_LE(log->usage().disk_bytes, options.disk_limit_bytes);
    clock.advance(kDay * 2);
    ASSERT_GT(*log->run_retention(), 0u);
    EXPECT_EQ(append(id, make_batch("x")).code, AppendCode::kOk);
}

TEST_F(RetentionTest, AFailedSyncEndsWritingForGoodButNotReading) {
    auto id = topic("t");
    ASSERT_EQ(append(id, make_batch("before")).code, AppendCode::kOk);
    disk.set_faults({.failed_sync = 1});
    EXPECT_EQ(append(id, make_batch("during")).code, AppendCode::kReadOnly);
    disk.set_faults({});
    EXPECT_EQ(append(id, make_batch("after")).code, AppendCode::kReadOnly);
    EXPECT_EQ(read_all(*log, id, 0).offsets.size(), 1u);
    EXPECT_TRUE(log->usage().read_only);
}

}  // namespace
}  // namespace tarn::log::testing
