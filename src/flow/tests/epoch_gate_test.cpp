#include "epoch_gate.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace tarn::flow {
namespace {

class EpochGateTest : public testing::Test {
  protected:
    Metrics metrics_;
    std::shared_ptr<MemoryBudget> memory_ = MemoryBudget::root("memory", 3200);
    UncountedMemory uncounted_{memory_};
    EpochGate gate_{memory_, metrics_};
    Counter& waits_ = metrics_.counter("tarn_flow_epoch_waits_total",
                                       "Batches that waited for memory before they were read.");
    Gauge& held_ =
        metrics_.gauge("tarn_flow_epoch_bytes", "Memory of the batches that flows are working on.");
};

TEST_F(EpochGateTest, GivesAQuarterToEachUpToTheShare) {
    auto a = gate_.enter(0), b = gate_.enter(0), c = gate_.enter(0), d = gate_.enter(0);
    EXPECT_EQ(a.bytes(), 100);
    EXPECT_EQ(held_.value(), 400);
    a.resize(10);
    EXPECT_EQ(held_.value(), 310);
    b.resize(50);
    auto e = gate_.enter(0);  // what others do not use
    EXPECT_EQ(held_.value(), 360);
}

TEST_F(EpochGateTest, HalfOfTheShareWhileMemoryIsShort) {
    uncounted_.look(2700);
    auto a = gate_.enter(0), b = gate_.enter(0);
    std::jthread third([this] { auto room = gate_.enter(0); });
    while (gate_.waiting() == 0)
        std::this_thread::yield();
    EXPECT_EQ(held_.value(), 200);
    a.release();
    third.join();
    EXPECT_EQ(waits_.value(), 1);
}

TEST_F(EpochGateTest, OneAloneIsNeverKeptWaiting) {
    uncounted_.look(5000);
    auto a = gate_.enter(0);
    a.resize(100'000);
    a.release();
    EXPECT_EQ(held_.value(), 0);
    auto b = gate_.enter(0);
    EXPECT_EQ(waits_.value(), 0);
}

// Whoever enters while `inside` is, in the order in which they come out of the line.
TEST_F(EpochGateTest, WhoIsDueForLongestGoesFirstAndOneByOneWhileMemoryIsFull) {
    uncounted_.look(3000);
    auto inside = gate_.enter(0);
    std::mutex mutex;
    std::vector<int64_t> order;
    size_t at_once = 0, most_at_once = 0;
    std::vector<std::jthread> flows;
    for (int64_t due : {30, 10, 20}) {
        flows.emplace_back([&, due] {
            auto room = gate_.enter(due);
            {
                std::lock_guard lock(mutex);
                order.push_back(due);
                most_at_once = std::max(most_at_once, ++at_once);
            }
            std::this_thread::yield();
            std::lock_guard lock(mutex);
            --at_once;
        });
    }
    while (gate_.waiting() < 3)
        std::this_thread::yield();
    inside.release();
    flows.clear();
    EXPECT_EQ(order, (std::vector<int64_t>{10, 20, 30}));
    EXPECT_EQ(most_at_once, 1u);
    EXPECT_EQ(waits_.value(), 3);
    EXPECT_EQ(held_.value(), 0);
}

}  // namespace
}  // namespace tarn::flow
