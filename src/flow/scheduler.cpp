#include "scheduler.h"

#include <pthread.h>

#include <algorithm>

#include <fmt/format.h>

namespace tarn::flow {

static constexpr size_t kMostOfName = 15;  // of a thread's

// A thread, and the tasks whose home it is, as far as they wait. Guarded by the mutex.
struct Scheduler::Worker {
    using Queue = std::multimap<int64_t, Task*>;
    Condition wake;
    bool idle = false;   // waits
    bool awake = false;  // holds the mutex: looks at its queues before it does anything else
    Queue ready;         // by deadline
    Queue timers;        // by time
    std::thread thread;
};

Scheduler::Scheduler(Clock& clock) : clock_(clock) {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::start(std::span<Task* const> tasks, size_t threads) {
    MutexLock lock(mutex_);
    for (size_t i = 0; i < std::min(threads, tasks.size()); ++i)
        workers_.push_back(std::make_unique<Worker>());
    for (size_t i = 0; i < tasks.size(); ++i) {
        tasks[i]->home_ = workers_[i % workers_.size()].get();
        make_ready(*tasks[i], clock_.monotonic_us());
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
        auto& thread = workers_[i]->thread;
        thread = std::thread([this, worker = workers_[i].get()] { run(*worker); });
        const auto name =
            workers_.size() == tasks.size() ? tasks[i]->name() : fmt::format("flow {}", i + 1);
        pthread_setname_np(thread.native_handle(), name.substr(0, kMostOfName).c_str());
    }
}

void Scheduler::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        for (auto& worker : workers_)
            worker->wake.notify_one();
    }
    for (auto& worker : workers_)
        if (worker->thread.joinable()) worker->thread.join();
}

void Scheduler::wake(Task& task) {
    MutexLock lock(mutex_);
    if (!task.home_) return;
    if (task.state_ == Task::State::kIdle)
        make_ready(task, clock_.monotonic_us());
    else if (task.state_ == Task::State::kRunning)
        task.state_ = Task::State::kRunningAgain;
}

// Puts it into its home's queue, and wakes nobody.
void Scheduler::enqueue(Task& task, int64_t now_us) {
    auto& home = *task.home_;
    if (task.has_timer_) home.timers.erase(task.timer_);
    task.has_timer_ = false;
    task.state_ = Task::State::kReady;
    home.ready.emplace(now_us + task.patience().us, &task);
}

void Scheduler::make_ready(Task& task, int64_t now_us) {
    enqueue(task, now_us);
    auto& home = *task.home_;
    if (home.idle)
        home.wake.notify_one();
    else if (!home.awake)
        call_help();
}

// One who has nothing to do looks after those whose home is busy.
void Scheduler::call_help() {
    auto idle = std::ranges::find_if(workers_, [](const auto& worker) { return worker->idle; });
    if (idle != workers_.end()) (*idle)->wake.notify_one();
}

// Its own task, or one whose home is busy.
Scheduler::Task* Scheduler::next(Worker& worker) {
    const auto now = clock_.monotonic_us();
    Worker::Queue* from = nullptr;
    auto look = [&](Worker& other) {
        while (!other.timers.empty() && other.timers.begin()->first <= now)
            enqueue(*other.timers.begin()->second, now);
        if (!other.ready.empty() && (!from || other.ready.begin()->first < from->begin()->first))
            from = &other.ready;
    };
    look(worker);
    if (!from)
        for (auto& other : workers_)
            if (!other->idle) look(*other);
    if (!from) return nullptr;
    auto* task = from->begin()->second;
    from->erase(from->begin());
    task->state_ = Task::State::kRunning;
    // What else has its home here is somebody else's now.
    if (!worker.ready.empty() || !worker.timers.empty()) call_help();
    return task;
}

void Scheduler::wait_for_work(Worker& worker) {
    auto until = INT64_MAX;
    for (auto& other : workers_)
        if ((!other->idle || other.get() == &worker) && !other->timers.empty())
            until = std::min(until, other->timers.begin()->first);
    worker.idle = true;
    if (until == INT64_MAX)
        worker.wake.wait(mutex_);
    else
        worker.wake.wait_for(mutex_, Duration{until - clock_.monotonic_us()});
    worker.idle = false;
}

// After its turn.
void Scheduler::rest(Task& task, Duration wait, Worker& worker) {
    const auto now = clock_.monotonic_us();
    const bool again = task.state_ == Task::State::kRunningAgain;
    task.state_ = Task::State::kIdle;
    if (again || wait.us == 0) return make_ready(task, now);
    if (wait.us < 0) return;
    auto& home = *task.home_;
    task.timer_ = home.timers.emplace(now + wait.us, &task);
    task.has_timer_ = true;
    if (&home != &worker && home.idle && task.timer_ == home.timers.begin()) home.wake.notify_one();
}

void Scheduler::run(Worker& worker) {
    MutexLock lock(mutex_);
    worker.awake = true;
    while (!stopping_) {
        auto* task = next(worker);
        if (!task) {
            wait_for_work(worker);
            continue;
        }
        worker.awake = false;
        mutex_.unlock();
        const auto wait = task->turn();
        mutex_.lock();
        worker.awake = true;
        rest(*task, wait, worker);
    }
}

}  // namespace tarn::flow
