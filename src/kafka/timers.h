#pragma once

// Deadlines of one server: who sleeps until the next one is someone else (an IO thread, or a test
// that moves a manual clock). Thread-safe; callbacks run on the thread that calls run_due, without
// the queue's lock held.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "tarn/base/mutex.h"
#include "tarn/base/time.h"

namespace tarn::kafka {

class TimerQueue {
  public:
    using Callback = std::move_only_function<void()>;
    using Id = std::pair<int64_t, uint64_t>;  // due (monotonic µs), number; {0, 0} is none

    explicit TimerQueue(Clock& clock) : clock_(clock) {}

    // Called, from any thread, when the earliest deadline has come forward.
    void set_waker(std::function<void()> waker) {
        MutexLock lock(mutex_);
        waker_ = std::move(waker);
    }

    Id schedule(Duration delay, Callback callback);
    // False if it has run, or is running, already.
    bool cancel(const Id& id);
    // Drops all without running them.
    void clear();
    // Runs what is due. Returns the time until the next deadline, if there is one.
    std::optional<Duration> run_due();

  private:
    Clock& clock_;
    Mutex mutex_;
    std::map<Id, Callback> timers_ TARN_GUARDED_BY(mutex_);
    uint64_t next_ TARN_GUARDED_BY(mutex_) = 1;
    std::function<void()> waker_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::kafka
