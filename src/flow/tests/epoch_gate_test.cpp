#include "epoch_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace tarn::flow {
namespace {

class EpochGateTest : public testing::Test {
  protected:
    using Room = EpochGate::Room;
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
    Room a(gate_), b(gate_), c(gate_), d(gate_), e(gate_);
    for (auto* room : {&a, &b, &c, &d})
        EXPECT_TRUE(room->enter(0));
    EXPECT_EQ(a.bytes(), 100);
    EXPECT_EQ(held_.value(), 400);
    a.resize(10);
    EXPECT_EQ(held_.value(), 310);
    b.resize(50);
    EXPECT_TRUE(e.enter(0));  // what others do not use
    EXPECT_EQ(held_.value(), 360);
}

TEST_F(EpochGateTest, HalfOfTheShareWhileMemoryIsShort) {
    uncounted_.look(2700);
    Room a(gate_), b(gate_), c(gate_);
    int told = 0;
    c.on_room([&] { ++told; });
    EXPECT_TRUE(a.enter(0) && b.enter(0));
    EXPECT_FALSE(c.enter(0));
    EXPECT_TRUE(c.waits());
    EXPECT_EQ(c.bytes(), 0);
    EXPECT_EQ(held_.value(), 200);
    EXPECT_FALSE(c.enter(0));  // stands in line once
    EXPECT_EQ(gate_.waiting(), 1u);
    a.release();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(c.waits());
    EXPECT_TRUE(c.enter(0));
    EXPECT_EQ(held_.value(), 200);
    EXPECT_EQ(waits_.value(), 1);
}

TEST_F(EpochGateTest, OneAloneIsNeverKeptWaiting) {
    uncounted_.look(5000);
    Room a(gate_), b(gate_);
    EXPECT_TRUE(a.enter(0));
    a.resize(100'000);
    a.release();
    EXPECT_EQ(held_.value(), 0);
    EXPECT_TRUE(b.enter(0));
    EXPECT_EQ(waits_.value(), 0);
}

TEST_F(EpochGateTest, WhoIsDueForLongestGoesFirstAndOneByOneWhileMemoryIsFull) {
    uncounted_.look(3000);
    Room inside(gate_), late(gate_), early(gate_), between(gate_);
    EXPECT_TRUE(inside.enter(0));
    std::vector<int> order;
    late.on_room([&] { order.push_back(30), late.release(); });
    early.on_room([&] { order.push_back(10), early.release(); });
    between.on_room([&] { order.push_back(20); });
    EXPECT_FALSE(late.enter(30) || early.enter(10) || between.enter(20));
    inside.release();
    EXPECT_EQ(order, (std::vector<int>{10, 20}));
    EXPECT_TRUE(late.waits());
    between.release();
    EXPECT_EQ(order, (std::vector<int>{10, 20, 30}));
    EXPECT_EQ(waits_.value(), 3);
    EXPECT_EQ(held_.value(), 0);
}

TEST_F(EpochGateTest, WhoIsGoneOrLeavesTheLineIsNotWaitedFor) {
    uncounted_.look(3000);
    Room inside(gate_), leaves(gate_), last(gate_);
    EXPECT_TRUE(inside.enter(0));
    {
        Room gone(gate_);
        EXPECT_FALSE(gone.enter(1));
    }
    EXPECT_FALSE(leaves.enter(2) || last.enter(3));
    leaves.release();
    EXPECT_EQ(gate_.waiting(), 1u);
    inside.release();
    EXPECT_TRUE(last.enter(3));
}

// Many threads, each of which goes on when it is told, as the flows' do.
TEST_F(EpochGateTest, EveryoneWhoIsToldHasRoomAndNobodyIsForgotten) {
    uncounted_.look(3000);
    std::atomic<int> inside = 0, most = 0;
    std::vector<std::jthread> flows;
    for (int i = 0; i < 4; ++i)
        flows.emplace_back([&, i] {
            Room room(gate_);
            std::counting_semaphore<> told(0);
            room.on_room([&] { told.release(); });
            for (int round = 0; round < 500; ++round) {
                if (!room.enter(round * 4 + i)) told.acquire();
                most = std::max(most.load(), ++inside);
                --inside;
                room.release();
            }
        });
    flows.clear();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(held_.value(), 0);
}

}  // namespace
}  // namespace tarn::flow
