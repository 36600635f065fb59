#include "scheduler.h"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace tarn::flow {
namespace {

// Counts its turns; what a turn does is a function.
class Counted final : public Scheduler::Task {
  public:
    explicit Counted(std::function<Duration(int)> turn, Duration patience = {})
        : turn_(std::move(turn)), patience_(patience) {}
    Duration turn() override {
        EXPECT_FALSE(running.exchange(true)) << "two threads run one task";
        auto wait = turn_(++turns);
        running = false;
        return wait;
    }
    std::string name() const override { return "task"; }
    Duration patience() const override { return patience_; }
    void await(int count) const {
        for (int now = turns; now < count; now = turns)
            std::this_thread::yield();
    }
    std::atomic<int> turns{0};
    std::atomic<bool> running{false};

  private:
    const std::function<Duration(int)> turn_;
    const Duration patience_;
};

constexpr Duration kNever{-1};

TEST(Scheduler, ATaskSleepsUntilItIsWokenOrItsTimeHasCome) {
    SystemClock clock;
    Counted sleeper([](int) { return kNever; }), ticking([](int) { return Duration::millis(1); });
    Scheduler scheduler(clock);
    Scheduler::Task* tasks[] = {&sleeper, &ticking};
    scheduler.start(tasks, 2);
    ticking.await(20);
    EXPECT_EQ(sleeper.turns, 1);
    scheduler.wake(sleeper);
    sleeper.await(2);
    ticking.await(ticking.turns + 5);
    scheduler.stop();
    EXPECT_EQ(sleeper.turns, 2);
}

TEST(Scheduler, AWakeDuringATurnIsNotLost) {
    SystemClock clock;
    for (int round = 0; round < 200; ++round) {
        std::atomic<bool> go{false};
        Counted task([&](int turn) {
            while (turn == 1 && !go)
                std::this_thread::yield();
            return kNever;
        });
        Scheduler scheduler(clock);
        Scheduler::Task* tasks[] = {&task};
        scheduler.start(tasks, 1);
        task.await(1);
        scheduler.wake(task);
        go = true;
        task.await(2);
    }
}

// More tasks than threads, woken from many sides: every wake is followed by a turn that began
// after it.
TEST(Scheduler, ManyTasksOnFewThreads) {
    SystemClock clock;
    constexpr int kTasks = 300, kWakes = 40;
    std::vector<std::unique_ptr<Counted>> tasks;
    std::vector<std::unique_ptr<std::atomic<int>>> asked, seen;
    std::vector<Scheduler::Task*> list;
    for (int i = 0; i < kTasks; ++i) {
        auto* a = asked.emplace_back(std::make_unique<std::atomic<int>>(0)).get();
        auto* s = seen.emplace_back(std::make_unique<std::atomic<int>>(0)).get();
        tasks.push_back(std::make_unique<Counted>(
            [a, s, i](int turn) {
                s->store(a->load());
                return turn % 7 == 0 ? Duration{i % 5} : kNever;
            },
            Duration{i}));
        list.push_back(tasks.back().get());
    }
    Scheduler scheduler(clock);
    scheduler.start(list, 3);
    std::vector<std::thread> wakers;
    for (int w = 0; w < 4; ++w)
        wakers.emplace_back([&, w] {
            for (int k = 0; k < kWakes; ++k)
                for (int i = w; i < kTasks; i += 4) {
                    ++*asked[size_t(i)];
                    scheduler.wake(*list[size_t(i)]);
                }
        });
    for (auto& waker : wakers)
        waker.join();
    for (size_t i = 0; i < kTasks; ++i)
        while (*seen[i] < kWakes)
            std::this_thread::yield();
    scheduler.stop();
}

// With one thread the order of turns is that of deadlines.
TEST(Scheduler, WhoIsInAHurryComesFirst) {
    SystemClock clock;
    std::vector<int> order;
    std::atomic<bool> go{false};
    Counted busy([&](int) {
        while (!go)
            std::this_thread::yield();
        return kNever;
    });
    Counted patient(
        [&](int turn) {
            if (turn > 1) order.push_back(2);
            return kNever;
        },
        Duration::seconds(1000));
    Counted hasty([&](int turn) {
        if (turn > 1) order.push_back(1);
        return kNever;
    });
    Scheduler scheduler(clock);
    Scheduler::Task* tasks[] = {&busy, &patient, &hasty};
    go = true;
    scheduler.start(tasks, 1);
    for (auto* task : {&busy, &patient, &hasty})
        task->await(1);
    go = false;
    scheduler.wake(busy);
    busy.await(2);
    scheduler.wake(patient);
    scheduler.wake(hasty);
    go = true;
    patient.await(2);
    hasty.await(2);
    scheduler.stop();
    EXPECT_EQ(order, (std::vector{1, 2}));
}

}  // namespace
}  // namespace tarn::flow
