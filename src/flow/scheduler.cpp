#include "scheduler.h"

#include <pthread.h>

#include <algorithm>

#include <fmt/format.h>

namespace tarn::flow {

void Scheduler::start(std::span<Task* const> tasks, size_t threads) {
    {
        MutexLock lock(mutex_);
        for (auto* task : tasks)
            make_ready(*task, clock_.monotonic_us());
    }
    for (size_t i = 0; i < std::min(threads, tasks.size()); ++i) {
        threads_.emplace_back([this] { run(); });
        pthread_setname_np(threads_.back().native_handle(), fmt::format("flow-{}", i + 1).c_str());
    }
}

void Scheduler::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        ready_changed_.notify_all();
        timers_changed_.notify_all();
    }
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

void Scheduler::wake(Task& task) {
    MutexLock lock(mutex_);
    switch (task.state_) {
        case Task::State::kIdle:
            make_ready(task, clock_.monotonic_us());
            break;
        case Task::State::kRunning:
            task.state_ = Task::State::kRunningAgain;
            break;
        case Task::State::kReady:
        case Task::State::kRunningAgain:
            break;
    }
}

void Scheduler::make_ready(Task& task, int64_t now_us) {
    if (task.has_timer_) timers_.erase(task.timer_);
    task.has_timer_ = false;
    task.state_ = Task::State::kReady;
    ready_.emplace(now_us + task.patience().us, &task);
    ready_changed_.notify_one();
    // The watcher may be the only idle one.
    if (watched_) timers_changed_.notify_one();
}

Scheduler::Task* Scheduler::next() {
    const auto now = clock_.monotonic_us();
    while (!timers_.empty() && timers_.begin()->first <= now)
        make_ready(*timers_.begin()->second, now);
    if (ready_.empty()) return nullptr;
    auto* task = ready_.begin()->second;
    ready_.erase(ready_.begin());
    task->state_ = Task::State::kRunning;
    // Somebody else looks after the rest.
    if (!ready_.empty() || (!timers_.empty() && !watched_)) ready_changed_.notify_one();
    return task;
}

void Scheduler::wait_for_work(int64_t now_us) {
    if (timers_.empty() || watched_) {
        ready_changed_.wait(mutex_);
        return;
    }
    watched_ = true;
    timers_changed_.wait_for(mutex_, Duration{timers_.begin()->first - now_us});
    watched_ = false;
}

void Scheduler::run() {
    MutexLock lock(mutex_);
    while (!stopping_) {
        auto* task = next();
        if (!task) {
            wait_for_work(clock_.monotonic_us());
            continue;
        }
        mutex_.unlock();
        const auto wait = task->turn();
        mutex_.lock();
        const auto now = clock_.monotonic_us();
        const bool again = task->state_ == Task::State::kRunningAgain;
        task->state_ = Task::State::kIdle;
        if (again || wait.us == 0) {
            make_ready(*task, now);
        } else if (wait.us > 0) {
            task->timer_ = timers_.emplace(now + wait.us, task);
            task->has_timer_ = true;
            // The watcher waits for a later one.
            if (watched_ && task->timer_ == timers_.begin()) timers_changed_.notify_one();
        }
    }
}

}  // namespace tarn::flow
