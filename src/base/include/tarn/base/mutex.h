#pragma once

// A mutex that clang's -Wthread-safety understands (libstdc++'s is not annotated), its lock, and a condition.

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tarn/base/time.h"

#if defined(__clang__)
#define TARN_ANNOTATE(x) __attribute__((x))
#else
#define TARN_ANNOTATE(x)
#endif
#define TARN_GUARDED_BY(mutex) TARN_ANNOTATE(guarded_by(mutex))
#define TARN_REQUIRES(...) TARN_ANNOTATE(requires_capability(__VA_ARGS__))
#define TARN_EXCLUDES(...) TARN_ANNOTATE(locks_excluded(__VA_ARGS__))

namespace tarn {

class TARN_ANNOTATE(capability("mutex")) Mutex {
  public:
    void lock() TARN_ANNOTATE(acquire_capability()) { mutex_.lock(); }
    void unlock() TARN_ANNOTATE(release_capability()) { mutex_.unlock(); }
    bool try_lock() TARN_ANNOTATE(try_acquire_capability(true)) { return mutex_.try_lock(); }

  private:
    friend class Condition;
    std::mutex mutex_;
};

class TARN_ANNOTATE(scoped_lockable) MutexLock {
  public:
    explicit MutexLock(Mutex& m) TARN_ANNOTATE(acquire_capability(m)) : mutex_(m) { mutex_.lock(); }
    ~MutexLock() TARN_ANNOTATE(release_capability()) {
        if (held_) mutex_.unlock();
    }
    // Early release; nothing guarded may be touched afterwards.
    void unlock() TARN_ANNOTATE(release_capability()) {
        mutex_.unlock();
        held_ = false;
    }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& mutex_;
    bool held_ = true;
};

// The caller holds the mutex around each wait. Wakes may be spurious: test the predicate in a loop.
class Condition {
  public:
    void wait(Mutex& m) TARN_REQUIRES(m) {
        std::unique_lock lock(m.mutex_, std::adopt_lock);
        condition_.wait(lock);
        lock.release();
    }
    // False when the time ran out.
    bool wait_for(Mutex& m, Duration d) TARN_REQUIRES(m) {
        std::unique_lock lock(m.mutex_, std::adopt_lock);
        auto status = condition_.wait_for(lock, std::chrono::microseconds(d.us));
        lock.release();
        return status == std::cv_status::no_timeout;
    }
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }

  private:
    std::condition_variable condition_;
};

}  // namespace tarn
