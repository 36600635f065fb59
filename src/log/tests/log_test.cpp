// What Log promises, method by method, on a simulated disk.

#include "tarn/log/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log_fixture.h"

namespace tarn::log::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogTest : public ::testing::Test, public LogWorld {
  protected:
    void SetUp() override { open(); }
};

TEST_F(LogTest, AppendsAreReadBackInOrderByteForByte) {
    auto id = topic("clicks");
    auto first = make_batch("a", {.records = 2});
    auto outcome = append(id, first);
    EXPECT_EQ(outcome.code, AppendCode::kOk);
    EXPECT_EQ(outcome.base_offset, 0);
    EXPECT_EQ(outcome.last_offset, 1);
    EXPECT_EQ(append(id, make_batch("b")).base_offset, 2);
    auto fetched = log->fetch(id, 0, 1);
    ASSERT_EQ(fetched.code, FetchCode::kOk);
    ASSERT_EQ(fetched.slices.size(), 1u);
    EXPECT_EQ(fetched.slices[0].bytes, first);
    EXPECT_EQ(fetched.high_watermark, 3);
    EXPECT_THAT(read_all(*log, id, 1).offsets, ElementsAre(1, 2));
}

TEST_F(LogTest, NothingIsReadableBeforeItIsDurable) {
    auto id = topic("clicks");
    bool done = false;
    log->append({id, make_batch("a"), {}, false}, [&](AppendOutcome o) {
        EXPECT_EQ(o.code, AppendCode::kOk);
        done = true;
    });
    EXPECT_FALSE(done);
    EXPECT_EQ(log->offsets(id)->high_watermark, 0);
    EXPECT_TRUE(log->step());
    EXPECT_TRUE(done);
    EXPECT_EQ(log->offsets(id)->high_watermark, 1);
    EXPECT_FALSE(log->step());
}

TEST_F(LogTest, AcknowledgedRecordsSurviveACrash) {
    auto id = topic("clicks");
    for (int i = 0; i < 50; ++i)
        append(id, make_batch(fmt::format("v{}", i), {.value_bytes = 3000}));
    crash();
    open();
    auto back = read_all(*log, id, 0);
    EXPECT_EQ(back.error, "");
    ASSERT_EQ(back.offsets.size(), 50u);
    EXPECT_THAT(back.values[49], HasSubstr("v49"));
    EXPECT_EQ(append(id, make_batch("next")).base_offset, 50);
}

TEST_F(LogTest, ManyPartitionsShareASegmentAndKeepTheirOffsets) {
    auto id = topic("clicks", {.partitions = 3});
    int done = 0;
    for (int i = 0; i < 30; ++i) {
        log->append({{id.topic, i % 3}, make_batch(fmt::format("v{}", i)), {}, false},
                    [&, i](AppendOutcome o) {
                        EXPECT_EQ(o.base_offset, i / 3);
                        EXPECT_EQ(i, done++);
                    });
    }
    EXPECT_TRUE(log->step());
    EXPECT_EQ(done, 30);
    reopen();
    for (int p = 0; p < 3; ++p) {
        auto back = read_all(*log, {id.topic, p}, 0);
        EXPECT_EQ(back.offsets.size(), 10u);
        EXPECT_THAT(back.values.back(), HasSubstr(fmt::format("v{}", 27 + p)));
    }
}

TEST_F(LogTest, WhatIsRefusedSaysWhy) {
    auto id = topic("t", {.max_message_bytes = 2000});
    auto internal = log->create_topic("__offsets", {}, true);
    ASSERT_TRUE(internal.has_value());
    EXPECT_EQ(append({id.topic, 1}, make_batch("a")).code, AppendCode::kUnknownPartition);
    EXPECT_EQ(append({internal->id, 0}, make_batch("a")).code, AppendCode::kUnknownPartition);
    auto inside = log->append_and_wait({{internal->id, 0}, make_batch("a"), {}, true});
    EXPECT_EQ(inside.code, AppendCode::kOk);
    EXPECT_EQ(append(id, make_batch("a", {.value_bytes = 2000})).code, AppendCode::kTooLarge);
    auto broken = make_batch("a");
    broken.back() ^= 1;
    EXPECT_EQ(append(id, broken).code, AppendCode::kCorrupt);
    EXPECT_EQ(append(id, make_batch("a") + make_batch("b")).code, AppendCode::kInvalidRecord);
    auto old = make_batch("a");
    old[16] = 1;
    EXPECT_EQ(append(id, old).code, AppendCode::kUnsupportedFormat);
    EXPECT_EQ(log->offsets(id)->high_watermark, 0);
    log->close();
    EXPECT_EQ(append(id, make_batch("a")).code, AppendCode::kShuttingDown);
}

TEST_F(LogTest, ABatchTooLargeForASegmentIsRefusedNotSplit) {
    auto id = topic("t");
    auto largest = make_batch("a", {.value_bytes = options.segment_bytes - 4096 - 400});
    EXPECT_EQ(append(id, largest).code, AppendCode::kOk);
    EXPECT_EQ(append(id, make_batch("a", {.value_bytes = options.segment_bytes})).code,
              AppendCode::kTooLarge);
    reopen();
    EXPECT_EQ(log->fetch(id, 0, 1).slices.at(0).bytes.size(), largest.size());
}

TEST_F(LogTest, TheAppendQueueIsBounded) {
    log.reset();
    options.append_queue_bytes = 5000;
    open();
    auto id = topic("t");
    std::vector<AppendCode> codes;
    for (int i = 0; i < 5; ++i) {
        log->append({id, make_batch("a", {.value_bytes = 2000}), {}, false},
                    [&](AppendOutcome o) { codes.push_back(o.code); });
    }
    EXPECT_THAT(codes, ::testing::Each(AppendCode::kThrottled));
    EXPECT_EQ(codes.size(), 3u);
    while (log->step()) {
    }
    EXPECT_EQ(codes.size(), 5u);
    EXPECT_EQ(append(id, make_batch("a")).code, AppendCode::kOk);
}

TEST_F(LogTest, LogAppendTimeReplacesTheProducersTime) {
    auto id = topic("t", {.timestamp_type = TimestampType::kLogAppendTime});
    auto outcome = append(id, make_batch("a", {.records = 3, .timestamp_ms = 5}));
    EXPECT_EQ(outcome.log_append_time_ms, clock.now().ms());
    auto bytes = log->fetch(id, 0, 1).slices.at(0).bytes;
    EXPECT_TRUE(codec::batch_crc_holds(bytes));
    auto header = codec::parse_batch_header(bytes);
    EXPECT_TRUE(header->log_append_time());
    EXPECT_EQ(header->max_timestamp_ms, outcome.log_append_time_ms);
    reopen();
    EXPECT_EQ(log->offset_for_time(id, 6)->offset, 0);
    EXPECT_EQ(log->offset_for_time(id, outcome.log_append_time_ms + 1)->offset, -1);
}

TEST_F(LogTest, TimesAreLookedUpRecordByRecord) {
    auto id = topic("t");
    // Records at 1000..1004, 2000..2004, …; enough for several segments.
    for (int i = 1; i <= 40; ++i) {
        append(id, make_batch("a", {.records = 5, .value_bytes = 1000, .timestamp_ms = i * 1000}));
    }
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(log->offset_for_time(id, 0)->offset, 0);
        EXPECT_EQ(log->offset_for_time(id, 3002)->offset, 12);
        EXPECT_EQ(log->offset_for_time(id, 3002)->timestamp_ms, 3002);
        EXPECT_EQ(log->offset_for_time(id, 3005)->offset, 15);
        EXPECT_EQ(log->offset_for_time(id, 40'004)->offset, 199);
        EXPECT_EQ(log->offset_for_time(id, 40'005)->offset, -1);
        EXPECT_EQ(log->offset_of_max_time(id)->offset, 199);
        reopen();
    }
    ASSERT_TRUE(log->delete_records(id, 13).has_value());
    EXPECT_EQ(log->offset_for_time(id, 0)->offset, 13);
}

TEST_F(LogTest, TopicsAreCheckedKeptAndGrown) {
    EXPECT_EQ(log->create_topic("a b", {}).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(log->create_topic("..", {}).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(log->create_topic("t", {.partitions = 0}).error().code(),
              ErrorCode::kInvalidArgument);
    auto id = topic("t", {.partitions = 2, .raw = {{"cleanup.policy", "delete"}}});
    EXPECT_EQ(log->create_topic("t", {}).error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(log->delete_topic("nope").error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(log->alter_topic("t", {.partitions = 1}).error().code(), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(log->alter_topic("t", {.partitions = 4}).has_value());
    EXPECT_EQ(append({id.topic, 3}, make_batch("a")).code, AppendCode::kOk);
    crash();
    open();
    ASSERT_EQ(log->topics().size(), 1u);
    EXPECT_EQ(log->find_topic("t")->id, id.topic);
    EXPECT_EQ(log->find_topic(id.topic)->config.partitions, 4);
    EXPECT_EQ(read_all(*log, {id.topic, 3}, 0).offsets.size(), 1u);
}

TEST_F(LogTest, ListenersHearOfEveryMovedPartition) {
    auto id = topic("t", {.partitions = 3});
    std::vector<PartitionId> told;
    auto token = log->add_listener(
        [&](auto partitions) { told.insert(told.end(), partitions.begin(), partitions.end()); });
    log->append({{id.topic, 2}, make_batch("a"), {}, false}, [](auto) {});
    log->append({{id.topic, 0}, make_batch("a"), {}, false}, [](auto) {});
    log->append({{id.topic, 2}, make_batch("a"), {}, false}, [](auto) {});
    log->step();
    EXPECT_THAT(told, ElementsAre(PartitionId{id.topic, 0}, PartitionId{id.topic, 2}));
    log->remove_listener(token);
    append(id, make_batch("a"));
    EXPECT_EQ(told.size(), 2u);
}

TEST_F(LogTest, SlicesOutliveTheCacheAndTheLog) {
    auto id = topic("t");
    auto first = make_batch("first", {.value_bytes = 3000});
    append(id, first);
    auto fetched = log->fetch(id, 0, 1);
    for (int i = 0; i < 50; ++i)
        append(id, make_batch("more", {.value_bytes = 3000}));
    log.reset();
    EXPECT_EQ(fetched.slices.at(0).bytes, first);
}

TEST_F(LogTest, FetchTakesWholeBatchesWithinItsBytesAndAtLeastOne) {
    auto id = topic("t");
    size_t size = make_batch("a", {.value_bytes = 1000}).size();
    for (int i = 0; i < 100; ++i)
        append(id, make_batch("a", {.value_bytes = 1000}));
    for (size_t batches : {1u, 2u, 7u, 90u}) {
        auto fetched = log->fetch(id, 5, batches * size + size / 2);
        size_t total = 0;
        for (auto& slice : fetched.slices)
            total += slice.bytes.size();
        EXPECT_EQ(total, batches * size);
    }
    // And none that ends behind what is asked for, but the first.
    for (int64_t until : {0, 6, 10, 100}) {
        auto fetched = log->fetch(id, 5, 1'000'000, until);
        size_t total = 0;
        for (auto& slice : fetched.slices)
            total += slice.bytes.size();
        EXPECT_EQ(total, size_t(std::max<int64_t>(1, until - 5)) * size) << until;
    }
    EXPECT_TRUE(log->fetch(id, 100, 1000).slices.empty());
    EXPECT_EQ(log->fetch(id, 100, 1000).code, FetchCode::kOk);
    EXPECT_EQ(log->fetch(id, 101, 1000).code, FetchCode::kOffsetOutOfRange);
    EXPECT_EQ(log->fetch(id, -1, 1000).code, FetchCode::kOffsetOutOfRange);
    EXPECT_EQ(log->fetch({Uuid{}, 0}, 0, 1000).code, FetchCode::kUnknownPartition);
}

// Pieces of a topic, each a piece of the order of all appends, over segments that are sealed, whose
// index is not in memory, and the active one.
TEST_F(LogTest, ATopicIsReadInTheOrderOfItsAppends) {
    auto id = topic("t", {.partitions = 3});
    auto other = topic("other");
    for (int i = 0; i < 400; ++i) {
        clock.advance(Duration::millis(10));
        auto partition = int32_t(random.below(10)) / 6 + int32_t(random.below(2));
        auto batch = make_batch("a", {.records = 1 + int(random.below(9)), .value_bytes = 90});
        log->append({{id.topic, partition}, batch, {}, false}, [](auto) {});
        if (random.chance(0.3)) append(other, make_batch("b", {.value_bytes = 3000}));
        if (random.chance(0.5)) log->step();
        if (i == 300) reopen();
    }
    while (log->step()) {
    }
    ASSERT_GT(log->usage().segments, 3u);
    std::vector<int64_t> at(3, 0);
    uint64_t reached = 0;
    Timestamp newest{INT64_MIN};
    for (bool more = true; more;) {
        const OrderedLimits limits{.records = int64_t(random.below(60)),
                                   .bytes = int64_t(random.below(9000)) + 300};
        auto next = log->next_in_order(id.topic, at, limits);
        ASSERT_TRUE(next) << next.error().message();
        more = next->more;
        int64_t records = 0;
        std::vector<BatchOrigin> taken;
        for (int32_t p = 0; p < 3; ++p) {
            auto& from = at[size_t(p)];
            records += next->to[size_t(p)] - from;
            while (from < next->to[size_t(p)]) {
                auto fetched = log->fetch({id.topic, p}, from, 1);
                ASSERT_EQ(fetched.origins.size(), 1u);
                taken.push_back(fetched.origins[0]);
                from = codec::parse_batch_header(fetched.slices[0].bytes)->next_offset();
            }
            EXPECT_EQ(from, next->to[size_t(p)]);
        }
        ASSERT_FALSE(taken.empty());
        EXPECT_TRUE(taken.size() == 1 || records <= limits.records);
        std::ranges::sort(taken, {}, &BatchOrigin::position);
        EXPECT_GT(taken.front().position, reached) << "appended before what was read";
        reached = taken.back().position;
        for (const auto& origin : taken) {
            EXPECT_GE(origin.written, newest);
            newest = origin.written;
        }
    }
    for (int32_t p = 0; p < 3; ++p)
        EXPECT_EQ(at[size_t(p)], log->offsets({id.topic, p})->high_watermark);
    auto nothing = log->next_in_order(id.topic, at, {.records = 9, .bytes = 9});
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->more);
    EXPECT_EQ(nothing->to, at);
    at = {0, 0, 0};
    auto small = log->next_in_order(id.topic, at, {.records = 0, .bytes = 0, .some = false});
    ASSERT_TRUE(small);
    EXPECT_TRUE(small->more);
    EXPECT_EQ(small->to, at);
    EXPECT_EQ(log->next_in_order(Uuid{}, at, {}).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tarn::log::testing
