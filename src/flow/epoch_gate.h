#pragma once

// The memory of epochs that are under way, of all flows together: who wants to read one asks for
// room first, waits until there is some, and then knows how much it may read. The flow whose turn
// has been due for longest goes first. A flow that finds nobody else under way always gets its
// room, so that each epoch can be finished; while memory is short they have half of it, and while
// it is full they work one by one. Thread-safe.

#include <memory>
#include <set>
#include <utility>

#include "tarn/base/memory_level.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"

namespace tarn::flow {

class EpochGate {
  public:
    // The epochs' share of the memory, whose root may be null: then it is a gigabyte.
    EpochGate(std::shared_ptr<MemoryBudget> memory, Metrics& metrics);
    EpochGate(const EpochGate&) = delete;

    // What an epoch holds, until it ends.
    class Room {
      public:
        Room() = default;
        Room(Room&& other) noexcept { *this = std::move(other); }
        Room& operator=(Room&& other) noexcept;
        ~Room() { release(); }
        int64_t bytes() const { return bytes_; }
        // What it turns out to hold; more than it asked for too, since that is there already.
        void resize(int64_t bytes);
        void release();

      private:
        friend class EpochGate;
        EpochGate* gate_ = nullptr;
        int64_t bytes_ = 0;
    };
    // Room for one epoch, waited for; `due_us`: since when the flow's turn is due.
    Room enter(int64_t due_us);
    // What an epoch asks for.
    int64_t epoch_bytes() const { return share_ / kEpochsAtOnce; }

    // How many wait for room.
    size_t waiting() const;

  private:
    static constexpr int64_t kEpochsAtOnce = 4;  // of full size
    using Line = std::set<std::pair<int64_t, uint64_t>>;
    bool has_room() const TARN_REQUIRES(mutex_);

    const std::shared_ptr<MemoryBudget> memory_;
    const int64_t share_;
    Gauge& held_;
    Counter& waits_;
    mutable Mutex mutex_;
    Condition changed_;
    Line line_ TARN_GUARDED_BY(mutex_);  // by due time, then by arrival
    uint64_t arrivals_ TARN_GUARDED_BY(mutex_) = 0;
    int64_t used_ TARN_GUARDED_BY(mutex_) = 0;
    size_t inside_ TARN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tarn::flow
