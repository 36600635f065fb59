#pragma once

// Runs many tasks on a few threads, each task by one of them at a time. A task has a home: the
// thread that runs it unless that one is busy with another, so that as long as there are no more
// tasks than threads, each keeps a thread (and its memory) to itself. Tasks that wait for a thread
// are taken in the order of their deadlines (ready since + patience): who is in a hurry comes
// before who is not, and nobody waits for ever.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/base/time.h"

namespace tarn::flow {

class Scheduler {
    struct Worker;

  public:
    class Task {
      public:
        virtual ~Task() = default;
        // Does a bounded piece of work. How long until the next turn makes sense: zero at once,
        // when the others had theirs; negative, not before wake().
        virtual Duration turn() = 0;
        // What its thread is called, if it has one to itself.
        virtual std::string name() const = 0;
        // How long it may wait for a thread when it is ready.
        virtual Duration patience() const = 0;

      private:
        friend class Scheduler;
        enum class State { kIdle, kReady, kRunning, kRunningAgain };
        // Guarded by the scheduler's mutex.
        State state_ = State::kIdle;
        Worker* home_ = nullptr;
        std::multimap<int64_t, Task*>::iterator timer_;
        bool has_timer_ = false;
    };

    // The clock outlives it.
    explicit Scheduler(Clock& clock);
    ~Scheduler();
    Scheduler(const Scheduler&) = delete;

    // Each gets a first turn. They outlive stop().
    void start(std::span<Task* const> tasks, size_t threads);
    // A turn as soon as possible, also if it has one now. Any thread; at once. Before start() it
    // does nothing.
    void wake(Task& task);
    // Turns under way are finished, others not begun.
    void stop();

  private:
    void run(Worker& worker);
    Task* next(Worker& worker) TARN_REQUIRES(mutex_);
    void enqueue(Task& task, int64_t now_us) TARN_REQUIRES(mutex_);
    void make_ready(Task& task, int64_t now_us) TARN_REQUIRES(mutex_);
    void wait_for_work(Worker& worker) TARN_REQUIRES(mutex_);
    void call_help() TARN_REQUIRES(mutex_);
    void rest(Task& task, Duration wait, Worker& worker) TARN_REQUIRES(mutex_);

    Clock& clock_;
    Mutex mutex_;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tarn::flow
