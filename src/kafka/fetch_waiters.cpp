#include "fetch_waiters.h"

#include <algorithm>

namespace tarn::kafka {

void FetchWaiters::listen(log::Log& log) {
    const auto token =
        log.add_listener([this](std::span<const log::PartitionId> ids) { notify(ids); });
    MutexLock lock(mutex_);
    token_ = token;
    listening_ = true;
}

void FetchWaiters::stop(log::Log& log) {
    uint64_t token = 0;
    {
        MutexLock lock(mutex_);
        if (!listening_) return;
        listening_ = false;
        token = token_;
    }
    log.remove_listener(token);
    std::map<log::PartitionId, std::vector<std::shared_ptr<FetchWaiter>>> waiting;
    {
        MutexLock lock(mutex_);
        waiting.swap(waiting_);
    }
    for (auto& [id, waiters] : waiting)
        for (auto& waiter : waiters)
            waiter->wake();
}

void FetchWaiters::add(const std::shared_ptr<FetchWaiter>& waiter,
                       const std::vector<log::PartitionId>& ids) {
    MutexLock lock(mutex_);
    for (const auto& id : ids)
        waiting_[id].push_back(waiter);
}

void FetchWaiters::remove(const FetchWaiter* waiter, const std::vector<log::PartitionId>& ids) {
    MutexLock lock(mutex_);
    for (const auto& id : ids) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) continue;
        std::erase_if(found->second, [&](const auto& w) { return w.get() == waiter; });
        if (found->second.empty()) waiting_.erase(found);
    }
}

void FetchWaiters::notify(std::span<const log::PartitionId> ids) {
    MutexLock lock(mutex_);
    if (waiting_.empty()) return;
    for (const auto& id : ids) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) continue;
        for (const auto& waiter : found->second)
            waiter->wake();
    }
}

}  // namespace tarn::kafka
