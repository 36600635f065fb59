#pragma once

// Fetches that wait for data: woken by the log's commits, never polling. Thread-safe.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/log/log.h"

namespace tarn::kafka {

// One waiting fetch. wake() is called from the committer's thread and must return at once.
class FetchWaiter {
  public:
    virtual ~FetchWaiter() = default;
    virtual void wake() = 0;
};

class FetchWaiters {
  public:
    void listen(log::Log& log);
    // Wakes all who wait, and forgets them. Idempotent.
    void stop(log::Log& log);

    void add(const std::shared_ptr<FetchWaiter>& waiter, const std::vector<log::PartitionId>& ids);
    void remove(const FetchWaiter* waiter, const std::vector<log::PartitionId>& ids);

  private:
    void notify(std::span<const log::PartitionId> ids);

    Mutex mutex_;
    std::map<log::PartitionId, std::vector<std::shared_ptr<FetchWaiter>>> waiting_
        TARN_GUARDED_BY(mutex_);
    uint64_t token_ TARN_GUARDED_BY(mutex_) = 0;
    bool listening_ TARN_GUARDED_BY(mutex_) = false;
};

}  // namespace tarn::kafka
