#include "later.h"

#include <algorithm>
#include <utility>

namespace tarn::lake {

Later::Later() : thread_([this] { run(); }) {}

Later::~Later() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void Later::put(std::string name, std::function<void()> work) {
    MutexLock lock(mutex_);
    std::erase_if(waiting_, [&](const Work& other) { return other.name == name; });
    if (waiting_.size() >= kMostWaiting) waiting_.pop_front();
    waiting_.push_back({std::move(name), std::move(work)});
    changed_.notify_all();
}

void Later::flush() {
    MutexLock lock(mutex_);
    while (busy_ || !waiting_.empty())
        changed_.wait(mutex_);
}

void Later::run() {
    for (;;) {
        Work next;
        {
            MutexLock lock(mutex_);
            busy_ = false;
            changed_.notify_all();
            while (waiting_.empty() && !stopping_)
                changed_.wait(mutex_);
            if (waiting_.empty()) return;
            next = std::move(waiting_.front());
            waiting_.pop_front();
            busy_ = true;
        }
        next.run();
    }
}

}  // namespace tarn::lake
