#include "timers.h"

namespace tarn::kafka {

TimerQueue::Id TimerQueue::schedule(Duration delay, Callback callback) {
    std::function<void()> waker;
    Id id;
    {
        MutexLock lock(mutex_);
        id = {clock_.monotonic_us() + delay.us, next_++};
        if (timers_.empty() || id < timers_.begin()->first) waker = waker_;
        timers_.emplace(id, std::move(callback));
    }
    if (waker) waker();
    return id;
}

bool TimerQueue::cancel(const Id& id) {
    Callback dropped;  // destroyed without the lock
    MutexLock lock(mutex_);
    const auto found = timers_.find(id);
    if (found == timers_.end()) return false;
    dropped = std::move(found->second);
    timers_.erase(found);
    return true;
}

void TimerQueue::clear() {
    std::map<Id, Callback> dropped;  // destroyed without the lock
    MutexLock lock(mutex_);
    dropped.swap(timers_);
    waker_ = nullptr;
}

std::optional<Duration> TimerQueue::run_due() {
    for (;;) {
        Callback callback;
        {
            MutexLock lock(mutex_);
            if (timers_.empty()) return std::nullopt;
            const auto first = timers_.begin();
            const auto wait = first->first.first - clock_.monotonic_us();
            if (wait > 0) return Duration{wait};
            callback = std::move(first->second);
            timers_.erase(first);
        }
        callback();
    }
}

}  // namespace tarn::kafka
