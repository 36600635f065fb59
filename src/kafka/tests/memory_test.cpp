// Memory of connections is bounded, and who behaves gets through whatever others do.

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "listener_fixture.h"
#include "memory_gate.h"
#include "tarn/base/memory_level.h"

namespace tarn::kafka {
namespace {

constexpr size_t kMiB = 1 << 20;

class GateTest : public testing::Test {
  protected:
    std::unique_ptr<Lease> lease() { return gate_->lease(); }
    Lease::Granted note(int who) {
        return [this, who] { granted_.push_back(who); };
    }
    Metrics metrics_;
    Gauge& held_ = metrics_.gauge("held", "");
    std::shared_ptr<MemoryBudget> budget_ = MemoryBudget::root("all", 1000);
    std::shared_ptr<MemoryGate> gate_ = std::make_shared<MemoryGate>(100, budget_, held_);
    std::vector<int> granted_;
};

TEST_F(GateTest, GivesRoomInTheOrderOfAsking) {
    auto a = lease(), b = lease(), c = lease(), d = lease();
    EXPECT_TRUE(a->grow_to(60, note(0)));
    EXPECT_TRUE(b->grow_to(60, note(1))) << "one may go past the limit";
    EXPECT_FALSE(c->grow_to(50, note(2)));
    EXPECT_FALSE(d->grow_to(1, note(3))) << "would fit, but others came first";
    EXPECT_FALSE(d->try_grow_to(1));
    EXPECT_TRUE(gate_->contended());
    EXPECT_EQ(held_.value(), 120);
    EXPECT_TRUE(b->grow_to(80, note(1))) << "the one past the limit goes on";
    b.reset();
    EXPECT_EQ(granted_, std::vector<int>{2}) << "the next one may go past it now";
    EXPECT_EQ(held_.value(), 110);
    c.reset();
    EXPECT_EQ(granted_, (std::vector<int>{2, 3}));
    a.reset(), d.reset();
    EXPECT_EQ(held_.value(), 0);
    EXPECT_EQ(budget_->used(), 0);
}

TEST_F(GateTest, WhoIsGoneIsNotWaitedFor) {
    auto a = lease(), b = lease(), c = lease(), d = lease();
    EXPECT_TRUE(a->grow_to(100, note(0)));
    EXPECT_TRUE(b->grow_to(100, note(1)));
    EXPECT_FALSE(c->grow_to(100, note(2)));
    EXPECT_FALSE(d->grow_to(10, note(3)));
    c.reset();
    b.reset();
    EXPECT_EQ(granted_, std::vector<int>{3});
    EXPECT_FALSE(gate_->contended());
}

TEST_F(GateTest, ABudgetThatIsFullSlowsButNeverStops) {
    const auto others = budget_->reserve(1000);
    auto a = lease(), b = lease();
    EXPECT_TRUE(a->grow_to(10, note(0)));
    EXPECT_FALSE(b->grow_to(10, note(1)));
    a.reset();
    EXPECT_EQ(granted_, std::vector<int>{1});
    b.reset();
    EXPECT_EQ(budget_->used(), 1000);
}

TEST_F(GateTest, ShrinkingLetsTheNextIn) {
    auto a = lease(), b = lease(), c = lease();
    EXPECT_TRUE(a->grow_to(90, note(0)));
    b->force_to(40);
    EXPECT_EQ(held_.value(), 130);
    EXPECT_TRUE(c->grow_to(20, note(2)));
    EXPECT_FALSE(b->grow_to(50, note(1)));
    a->shrink_to(10);
    EXPECT_EQ(granted_, std::vector<int>{1});
}

std::string of_size(size_t bytes) { return batch_of({std::string(bytes, 'x')}); }

// A produce request of 100 MB, of which this much is sent.
std::unique_ptr<ClientSocket> half_frame(Listener& listener, size_t sent) {
    auto socket = listener.socket();
    Encoder out(false);
    out.write_int32(100 << 20);
    out.write_int16(ProduceRequest::kApiKey);
    out.write_raw(std::string(sent, '\0'));
    EXPECT_TRUE(socket->send(out.take(), Duration::seconds(20)));
    return socket;
}

TEST(Memory, HalfFramesAndManyProducersTakeNothingFromAnHonestOne) {
    constexpr int kProducers = 100, kHonest = 50;
    Listener listener;
    listener.options_.max_inflight_bytes = kMiB;
    listener.options_.stall_timeout = Duration::seconds(3);
    listener.start();
    ASSERT_TRUE(listener.client()->create_topic("t", 1));
    std::vector<std::unique_ptr<ClientSocket>> half;
    for (int i = 0; i < 60; ++i)
        half.push_back(half_frame(listener, size_t(i) * 1000));
    std::vector<std::thread> producers;
    for (int i = 0; i < kProducers; ++i)
        producers.emplace_back([&] {
            const auto sent = listener.client()->produce("t", 0, of_size(1'000'000));
            EXPECT_TRUE(sent) << sent.error().message();
        });
    const auto& held = listener.metrics_.gauge("tarn_kafka_request_bytes", "");
    const auto honest = listener.client();
    for (int i = 0; i < kHonest; ++i) {
        const auto sent = honest->produce("t", 0, of_size(100));
        EXPECT_TRUE(sent) << sent.error().message();
        EXPECT_LE(held.value(), 2.1 * double(kMiB));
    }
    for (auto& producer : producers)
        producer.join();
    EXPECT_EQ(*honest->list_offset("t", 0, kLatest), kProducers + kHonest);
    half.clear();
}

TEST(Memory, LargeFramesBehindEachOtherAreReadEachByItself) {
    Listener listener;
    listener.start();
    const auto client = listener.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    constexpr size_t kSizes[] = {20'000, 70'000, 131'000, 300'000, 500'000, 900'000, 1'000'000};
    int sent = 0;
    for (int i = 0; i < 6; ++i)
        for (const auto size : kSizes) {
            ASSERT_TRUE(client->send_produce("t", {{0, of_size(size)}}));
            ++sent;
        }
    for (int i = 0; i < sent; ++i) {
        const auto answer = client->receive_produce(Duration::seconds(20));
        ASSERT_TRUE(answer && *answer);
        EXPECT_EQ((*answer)->partitions[0].base_offset, i);
    }
}

// Whose memory is what the test says.
struct Throttling : testing::Test {
    Throttling() {
        listener_.memory_ = MemoryBudget::root("all", kLimit);
        memory_.emplace(listener_.memory_);
        listener_.start();
        EXPECT_TRUE(listener_.client()->create_topic("t", 1));
        socket_ = listener_.socket();
    }
    Result<ProduceResponse> produce(int16_t acks = -1, bool wait = true) {
        ProduceRequest request;
        request.acks = acks;
        request.timeout_ms = 20'000;
        request.topics.resize(1);
        request.topics[0].name = "t";
        request.topics[0].partitions.resize(1);
        bytes_ = of_size(10);
        request.topics[0].partitions[0].records = Records::of(bytes_);
        return ask<ProduceResponse>(*socket_, request, 9, wait);
    }
    Result<FetchResponse> fetch() {
        FetchRequest request;
        request.max_bytes = 1 << 20;
        request.topics.resize(1);
        request.topics[0].topic = "t";
        request.topics[0].partitions.resize(1);
        request.topics[0].partitions[0].partition_max_bytes = 1 << 20;
        return ask<FetchResponse>(*socket_, request, 11);
    }
    int64_t ms() { return listener_.clock_.monotonic_us() / 1000; }

    static constexpr int64_t kLimit = 1 << 30;
    Listener listener_;
    std::optional<UncountedMemory> memory_;
    std::unique_ptr<ClientSocket> socket_;
    std::string bytes_;
};

// Also a client that does not pause is not heard for so long.
TEST_F(Throttling, ClientsPauseWhileMemoryIsFull) {
    EXPECT_EQ(produce()->throttle_time_ms, 0);
    memory_->look(kLimit);
    const auto begun = ms();
    const auto produced = produce();
    ASSERT_TRUE(produced);
    EXPECT_EQ(produced->topics[0].partitions[0].error_code, 0);
    EXPECT_GT(produced->throttle_time_ms, 0);
    const auto fetched = fetch();
    ASSERT_TRUE(fetched);
    EXPECT_GE(ms() - begun, produced->throttle_time_ms);
    EXPECT_GT(fetched->throttle_time_ms, 0);
    EXPECT_GT(fetched->topics[0].partitions[0].records.size(), 0u);
    ASSERT_TRUE(produce(0, false));
    memory_->look(0);
    EXPECT_EQ(fetch()->throttle_time_ms, 0);
    EXPECT_EQ(listener_.client()->list_offset("t", 0, kLatest).value(), 3);
    EXPECT_GE(listener_.metrics_.counter("tarn_kafka_throttled_answers_total", "").value(), 2);
}

TEST(Memory, AHalfFrameIsChargedForWhatHasCome) {
    Listener listener;
    listener.start();
    const auto& held = listener.metrics_.gauge("tarn_kafka_request_bytes", "");
    const auto few = half_frame(listener, 6), more = half_frame(listener, 200'000);
    const auto client = listener.client();
    while (held.value() < 200'000)
        ASSERT_TRUE(client->metadata());
    EXPECT_LE(held.value(), 400'000);
}

TEST(Memory, AHalfFrameThatStallsIsEndedByTheIdleLimit) {
    Listener listener;
    listener.options_.idle_timeout = Duration::millis(200);
    listener.start();
    const auto socket = half_frame(listener, 100'000);
    EXPECT_TRUE(is_closed(*socket));
}

TEST(Memory, ReadersThatStallHoldOneBoundedAnswerEach) {
    constexpr int kBatches = 12;
    Listener listener;
    listener.log_options_.head_cache_bytes = 0;  // each answer has memory of its own
    listener.options_.max_answer_bytes = 32 * kMiB;
    listener.options_.stall_timeout = Duration::seconds(1);
    listener.start();
    const auto client = listener.client();
    ASSERT_TRUE(client->create_topic("t", 1));
    for (int i = 0; i < kBatches; ++i)
        ASSERT_TRUE(client->produce("t", 0, of_size(1'000'000)));
    FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    request.max_bytes = 50 << 20;
    FetchRequest::Topic::Partition all;
    all.partition_max_bytes = 50 << 20;
    request.topics.push_back({"t", Uuid{}, {all}});
    std::vector<std::unique_ptr<ClientSocket>> stalled;
    for (int i = 0; i < 60; ++i) {
        stalled.push_back(listener.socket());
        for (int n = 0; n < 3; ++n)
            ASSERT_TRUE(ask<FetchResponse>(*stalled.back(), request, 11, false));
    }
    const auto& held = listener.metrics_.gauge("tarn_kafka_answer_bytes", "");
    for (int64_t offset = 0; offset < kBatches;) {
        const auto batches = client->fetch("t", 0, offset, kMiB, Duration::seconds(1));
        ASSERT_TRUE(batches) << batches.error().message();
        if (!batches->empty()) ++offset;
        EXPECT_LE(held.value(), 37.0 * kMiB);
    }
}

TEST(Memory, NoFetchWaitsForMoreThanAnAnswerTakes) {
    Listener listener;
    listener.options_.max_answer_bytes = 8 * kMiB;
    listener.start();
    ASSERT_TRUE(listener.client()->create_topic("t", 1));
    ASSERT_TRUE(listener.client()->produce("t", 0, of_size(900'000)));
    FetchRequest request;
    request.max_wait_ms = 300'000;
    request.min_bytes = 40 << 20;
    request.max_bytes = 50 << 20;
    FetchRequest::Topic::Partition all;
    all.partition_max_bytes = 50 << 20;
    request.topics.push_back({"t", Uuid{}, {all}});
    const auto answer = ask<FetchResponse>(*listener.socket(), request, 11);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_GT(answer->topics[0].partitions[0].records.size(), 900'000u);
}

TEST(Memory, AnAnswerKeepsNoBlockThatItHasNoRoomFor) {
    Listener listener;
    listener.options_.max_answer_bytes = kMiB;
    listener.log_options_.window = Duration::millis(200);  // one block for all of it
    listener.start();
    const auto client = listener.client();
    ASSERT_TRUE(client->create_topic("t", 2));
    ASSERT_TRUE(client->send_produce(
        "t",
        {{0, of_size(500'000)}, {0, of_size(500'000)}, {0, of_size(500'000)}, {1, of_size(10)}}));
    ASSERT_TRUE(client->receive_produce(Duration::seconds(20)));
    const auto fetched = client->fetch("t", 1, 0, kMiB, Duration::seconds(1));
    ASSERT_TRUE(fetched);
    EXPECT_EQ(codec::parse_batch_header(*fetched)->record_count, 1);
}

}  // namespace
}  // namespace tarn::kafka
