#pragma once

// Runs many tasks on a few threads, each task by one of them at a time. A task that is ready waits
// for a thread in the order of its deadline (ready since + its patience), so one in a hurry comes
// before one that is not, and nobody waits for ever.

#include <cstdint>
#include <map>
#include <span>
#include <thread>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/base/time.h"

namespace tarn::flow {

class Scheduler {
  public:
    class Task {
      public:
        virtual ~Task() = default;
        // Does a bounded piece of work. How long until the next turn makes sense: zero at once,
        // when the others had theirs; negative, not before wake().
        virtual Duration turn() = 0;
        // How long it may wait for a thread when it is ready.
        virtual Duration patience() const = 0;

      private:
        friend class Scheduler;
        enum class State { kIdle, kReady, kRunning, kRunningAgain };
        // Guarded by the scheduler's mutex.
        State state_ = State::kIdle;
        std::multimap<int64_t, Task*>::iterator timer_;
        bool has_timer_ = false;
    };

    // The clock outlives it.
    explicit Scheduler(Clock& clock) : clock_(clock) {}
    ~Scheduler() { stop(); }
    Scheduler(const Scheduler&) = delete;

    // Each gets a first turn. They outlive stop().
    void start(std::span<Task* const> tasks, size_t threads);
    // A turn as soon as possible, also if it has one now. Any thread; at once.
    void wake(Task& task);
    // Turns under way are finished, others not begun.
    void stop();

  private:
    void run();
    Task* next() TARN_REQUIRES(mutex_);
    void make_ready(Task& task, int64_t now_us) TARN_REQUIRES(mutex_);
    void wait_for_work(int64_t now_us) TARN_REQUIRES(mutex_);

    Clock& clock_;
    Mutex mutex_;
    Condition ready_changed_, timers_changed_;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    // One idle thread watches the timers, the others wait for ready tasks alone.
    bool watched_ TARN_GUARDED_BY(mutex_) = false;
    std::multimap<int64_t, Task*> ready_ TARN_GUARDED_BY(mutex_);   // by deadline
    std::multimap<int64_t, Task*> timers_ TARN_GUARDED_BY(mutex_);  // by time
    std::vector<std::thread> threads_;
};

}  // namespace tarn::flow
