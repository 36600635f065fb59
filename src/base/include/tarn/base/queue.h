#pragma once

// A bounded queue between two thread roles. Thread-safe. Closing wakes everyone; what was pushed before stays
// poppable.

#include <deque>
#include <optional>

#include "tarn/base/mutex.h"

namespace tarn {

template <class T>
class BoundedQueue {
  public:
    explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

    // Waits while full. False (and the item dropped) once closed.
    bool push(T item) {
        MutexLock lock(mutex_);
        while (items_.size() >= capacity_ && !closed_)
            not_full_.wait(mutex_);
        if (closed_) return false;
        items_.push_back(std::move(item));
        not_empty_.notify_one();
        return true;
    }
    bool try_push(T item) {
        MutexLock lock(mutex_);
        if (closed_ || items_.size() >= capacity_) return false;
        items_.push_back(std::move(item));
        not_empty_.notify_one();
        return true;
    }
    // Waits while empty. Nothing once closed and drained.
    std::optional<T> pop() {
        MutexLock lock(mutex_);
        while (items_.empty() && !closed_)
            not_empty_.wait(mutex_);
        return take();
    }
    // Nothing when empty after `timeout`, or closed and drained.
    std::optional<T> pop_for(Duration timeout) {
        MutexLock lock(mutex_);
        if (items_.empty() && !closed_) not_empty_.wait_for(mutex_, timeout);
        return take();
    }
    void close() {
        MutexLock lock(mutex_);
        closed_ = true;
        not_full_.notify_all();
        not_empty_.notify_all();
    }
    bool closed() const {
        MutexLock lock(mutex_);
        return closed_;
    }
    size_t size() const {
        MutexLock lock(mutex_);
        return items_.size();
    }

  private:
    std::optional<T> take() TARN_REQUIRES(mutex_) {
        if (items_.empty()) return std::nullopt;
        std::optional<T> item(std::move(items_.front()));
        items_.pop_front();
        not_full_.notify_one();
        return item;
    }
    const size_t capacity_;
    mutable Mutex mutex_;
    Condition not_empty_, not_full_;
    std::deque<T> items_ TARN_GUARDED_BY(mutex_);
    bool closed_ TARN_GUARDED_BY(mutex_) = false;
};

}  // namespace tarn
