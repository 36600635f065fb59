#pragma once

// The memory of epochs that are under way, of all flows together: who wants to read one asks for
// room first, stands in line until there is some, and then knows how much it may read. The flow
// whose turn has been due for longest goes first. A flow that finds nobody else under way always
// gets its room, so that each epoch can be finished; while memory is short they have half of it,
// and while it is full they work one by one. Nobody waits in a call: who stands in line is told.
// Thread-safe.

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tarn/base/memory_level.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"

namespace tarn::flow {

class EpochGate {
  public:
    // The epochs' share of the memory, whose root may be null: then it is a gigabyte.
    EpochGate(std::shared_ptr<MemoryBudget> memory, Metrics& metrics);
    EpochGate(const EpochGate&) = delete;

    // A flow's: what its epoch holds, until it ends. Outlived by the gate. on_room() and waits()
    // may be called by any thread, the others by one at a time.
    class Room {
      public:
        explicit Room(EpochGate& gate) : gate_(gate) {}
        ~Room() { release(); }
        Room(const Room&) = delete;

        // True: it has room. False: it stands in line, once, and has room when `told` is called.
        // `due_us`: since when the flow's turn is due.
        bool enter(int64_t due_us);
        // Whom to tell, by some thread and without any lock, perhaps once more than needed.
        void on_room(std::function<void()> told);
        bool waits() const;
        // What it may hold: nothing while it waits.
        int64_t bytes() const;
        // What it turns out to hold; more than it asked for too, since that is there already.
        void resize(int64_t bytes);
        // Also out of the line.
        void release();

      private:
        friend class EpochGate;
        EpochGate& gate_;
        // Under the gate's lock.
        enum class State { kOutside, kWaiting, kInside };
        State state_ = State::kOutside;
        int64_t bytes_ = 0;
        std::pair<int64_t, uint64_t> place_;
        std::function<void()> told_;
    };
    // What an epoch asks for.
    int64_t epoch_bytes() const { return share_ / kEpochsAtOnce; }

    // How many wait for room.
    size_t waiting() const;

  private:
    static constexpr int64_t kEpochsAtOnce = 4;  // of full size
    using Told = std::vector<std::function<void()>>;
    bool has_room() const TARN_REQUIRES(mutex_);
    void take(Room& room) TARN_REQUIRES(mutex_);
    Told admit() TARN_REQUIRES(mutex_);

    const std::shared_ptr<MemoryBudget> memory_;
    const int64_t share_;
    Gauge& held_;
    Counter& waits_;
    mutable Mutex mutex_;
    // By due time, then by arrival.
    std::map<std::pair<int64_t, uint64_t>, Room*> line_ TARN_GUARDED_BY(mutex_);
    uint64_t arrivals_ TARN_GUARDED_BY(mutex_) = 0;
    int64_t used_ TARN_GUARDED_BY(mutex_) = 0;
    size_t inside_ TARN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tarn::flow
