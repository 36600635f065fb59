// Idempotent producers (Kafka's rule) and flows' writers.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log_fixture.h"
#include "producer_state.h"

namespace tarn::log::testing {
namespace {

class ProducersTest : public ::testing::Test, public LogWorld {
  protected:
    void SetUp() override {
        open();
        id = topic("t");
    }
    AppendOutcome produce(int64_t producer, int16_t epoch, int32_t sequence, int records = 1) {
        Shape shape{.records = records};
        shape.options.producer_id = producer;
        shape.options.producer_epoch = epoch;
        shape.options.base_sequence = sequence;
        return append(id, make_batch("p", shape));
    }
    PartitionId id;
};

TEST_F(ProducersTest, TheLastFiveBatchesAreKnownAgain) {
    for (int i = 0; i < 7; ++i)
        ASSERT_EQ(produce(9, 0, i * 2, 2).code, AppendCode::kOk);
    for (int i = 2; i < 7; ++i) {
        auto again = produce(9, 0, i * 2, 2);
        EXPECT_EQ(again.code, AppendCode::kDuplicate) << i;
        EXPECT_EQ(again.base_offset, i * 2);
        EXPECT_EQ(again.last_offset, i * 2 + 1);
    }
    EXPECT_EQ(produce(9, 0, 2, 2).code, AppendCode::kOutOfOrderSequence);
    EXPECT_EQ(log->offsets(id)->high_watermark, 14);
}

TEST_F(ProducersTest, AGapIsRefusedAndSoIsAnotherLengthOfAKnownBatch) {
    EXPECT_EQ(produce(9, 0, 0, 2).code, AppendCode::kOk);
    EXPECT_EQ(produce(9, 0, 3).code, AppendCode::kOutOfOrderSequence);
    EXPECT_EQ(produce(9, 0, 0, 1).code, AppendCode::kOutOfOrderSequence);
    EXPECT_EQ(produce(9, 0, 2).code, AppendCode::kOk);
}

TEST_F(ProducersTest, AnUnknownProducerMayBeginAnywhere) {
    EXPECT_EQ(produce(9, 4, 1000).code, AppendCode::kOk);
    EXPECT_EQ(produce(9, 4, 1001).code, AppendCode::kOk);
}

TEST_F(ProducersTest, ANewEpochFencesTheOldOneAndBeginsAtZero) {
    EXPECT_EQ(produce(9, 1, 0).code, AppendCode::kOk);
    EXPECT_EQ(produce(9, 2, 1).code, AppendCode::kOutOfOrderSequence);
    EXPECT_EQ(produce(9, 2, 0).code, AppendCode::kOk);
    auto fenced = produce(9, 1, 1);
    EXPECT_EQ(fenced.code, AppendCode::kInvalidProducerEpoch);
    EXPECT_THAT(fenced.message, ::testing::HasSubstr("fenced"));
}

TEST_F(ProducersTest, SequencesWrapAtTwoToTheThirtyOne) {
    EXPECT_EQ(add_sequence(INT32_MAX, 1), 0);
    EXPECT_EQ(add_sequence(INT32_MAX - 1, 3), 1);
    EXPECT_EQ(produce(9, 0, INT32_MAX - 1, 4).code, AppendCode::kOk);  // MAX-1, MAX, 0, 1
    EXPECT_EQ(produce(9, 0, 2).code, AppendCode::kOk);
    EXPECT_EQ(produce(9, 0, INT32_MAX - 1, 4).code, AppendCode::kDuplicate);
}

TEST_F(ProducersTest, DuplicatesInOneWindowAreOneAndAnsweredWhenDurable) {
    Shape shape;
    shape.options = {codec::Compression::kNone, 9, 0, 0, false};
    std::vector<AppendOutcome> outcomes;
    for (int i = 0; i < 2; ++i) {
        log->append({id, make_batch("p", shape), {}, false},
                    [&](AppendOutcome o) { outcomes.push_back(o); });
    }
    EXPECT_TRUE(outcomes.empty());
    log->step();
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(outcomes[0].code, AppendCode::kOk);
    EXPECT_EQ(outcomes[1].code, AppendCode::kDuplicate);
    EXPECT_EQ(outcomes[1].base_offset, 0);
    EXPECT_EQ(log->offsets(id)->high_watermark, 1);
}

TEST_F(ProducersTest, StateSurvivesCrashesAndFreedSegments) {
    ASSERT_TRUE(log->alter_topic("t", {.retention_bytes = 100'000}).has_value());
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(produce(9, 3, i).code, AppendCode::kOk);
    ASSERT_EQ(append(id, make_batch("w"), Writer{5, 7, 1}).code, AppendCode::kOk);
    // Enough of others to push it out of every segment that is left.
    for (int i = 0; i < 60; ++i)
        append(id, make_batch("x", {.value_bytes = 6000}));
    ASSERT_GT(*log->run_retention(), 0u);
    ASSERT_GT(log->offsets(id)->log_start_offset, 4);
    for (int round = 0; round < 2; ++round) {
        crash();
        open();
        EXPECT_EQ(produce(9, 3, 2).code, AppendCode::kDuplicate);
        EXPECT_EQ(produce(9, 2, 3).code, AppendCode::kInvalidProducerEpoch);
        EXPECT_EQ(append(id, make_batch("w"), Writer{5, 7, 1}).code, AppendCode::kDuplicate);
        EXPECT_EQ(log->writer_position(id, 5)->epoch, 7);
    }
    EXPECT_EQ(produce(9, 3, 3).code, AppendCode::kOk);
}

TEST_F(ProducersTest, AWriterRepeatsHarmlessly) {
    EXPECT_FALSE(log->writer_position(id, 5).has_value());
    EXPECT_EQ(append(id, make_batch("a"), Writer{5, 1, 0}).code, AppendCode::kOk);
    EXPECT_EQ(append(id, make_batch("b"), Writer{5, 1, 1}).code, AppendCode::kOk);
    auto again = append(id, make_batch("b"), Writer{5, 1, 1});
    EXPECT_EQ(again.code, AppendCode::kDuplicate);
    EXPECT_EQ(again.base_offset, 1);
    EXPECT_EQ(append(id, make_batch("a"), Writer{5, 1, 0}).code, AppendCode::kDuplicate);
    EXPECT_EQ(append(id, make_batch("c"), Writer{6, 1, 0}).code, AppendCode::kOk);
    EXPECT_EQ(append(id, make_batch("d"), Writer{5, 2, 0}).code, AppendCode::kOk);
    EXPECT_EQ(log->offsets(id)->high_watermark, 4);
    auto position = log->writer_position(id, 5);
    ASSERT_TRUE(position.has_value());
    EXPECT_EQ(position->epoch, 2);
    EXPECT_EQ(position->part, 0);
}

TEST_F(ProducersTest, ProducerIdsAreNeverGivenTwice) {
    std::set<int64_t> given;
    for (int life = 0; life < 3; ++life) {
        for (int i = 0; i < 1500; ++i) {
            EXPECT_TRUE(given.insert(*log->new_producer_id()).second);
        }
        crash();
        open();
    }
}

TEST_F(ProducersTest, AnOpenTransactionHoldsTheLastStableOffset) {
    Shape shape;
    shape.options = {codec::Compression::kNone, 9, 0, 0, true};
    append(id, make_batch("plain"));
    append(id, make_batch("in transaction", shape));
    append(id, make_batch("plain"));
    EXPECT_EQ(log->offsets(id)->last_stable_offset, 1);
    crash();
    open();
    EXPECT_EQ(log->offsets(id)->last_stable_offset, 1);
    EXPECT_EQ(log->fetch(id, 0, 1000).last_stable_offset, 1);
}

}  // namespace
}  // namespace tarn::log::testing
