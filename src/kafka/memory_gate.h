#pragma once

// Memory that connections share: one gate for requests that have arrived, one for answers that are
// not read yet. Room is given in the order of asking; who finds none waits in line, and nobody is
// turned away. Past the limit one lease at a time still gets what it asks for, so that whatever has
// begun can be finished: never more than the limit and one request or answer. Thread-safe.

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"

namespace tarn::kafka {

class MemoryGate;

// What one request or answer holds, given back when it ends. Used by one thread at a time.
class Lease {
  public:
    using Granted = std::move_only_function<void()>;

    explicit Lease(std::shared_ptr<MemoryGate> gate);
    ~Lease() { release(); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // True: so much is held now. False: once there is room it is, and `granted` is called, from
    // some thread; not if the lease is released before.
    bool grow_to(size_t bytes, Granted granted);
    // The same, without waiting.
    bool try_grow_to(size_t bytes);
    // For what is there already: also past the limit.
    void force_to(size_t bytes);
    void shrink_to(size_t bytes);
    void release();
    // Not while it waits.
    size_t bytes() const { return bytes_; }

  private:
    friend class MemoryGate;
    const std::shared_ptr<MemoryGate> gate_;
    size_t bytes_ = 0;  // with the next, under the gate's lock
    MemoryReservation memory_;
};

class MemoryGate : public std::enable_shared_from_this<MemoryGate> {
  public:
    // `budget` may be null; `held` shows what is held.
    MemoryGate(size_t limit, std::shared_ptr<MemoryBudget> budget, Gauge& held);
    std::unique_ptr<Lease> lease() { return std::make_unique<Lease>(shared_from_this()); }
    size_t limit() const { return limit_; }
    // Whether anybody waits.
    bool contended() const;
    // Forgets who waits; what is asked for from now on is given.
    void close();

  private:
    friend class Lease;
    struct Waiting {
        Lease* lease;
        size_t bytes;
        Lease::Granted granted;
    };
    using Line = std::deque<Waiting>;

    bool fits(Lease& lease, size_t bytes) TARN_REQUIRES(mutex_);
    bool take(Lease& lease, size_t bytes) TARN_REQUIRES(mutex_);
    void set(Lease& lease, size_t bytes) TARN_REQUIRES(mutex_);
    std::vector<Lease::Granted> admit() TARN_REQUIRES(mutex_);

    const size_t limit_;
    const std::shared_ptr<MemoryBudget> budget_;
    Gauge& held_;
    mutable Mutex mutex_;
    size_t used_ TARN_GUARDED_BY(mutex_) = 0;
    const Lease* past_limit_ TARN_GUARDED_BY(mutex_) = nullptr;  // the one that may go past it
    Line line_ TARN_GUARDED_BY(mutex_);
    bool closed_ TARN_GUARDED_BY(mutex_) = false;
};

}  // namespace tarn::kafka
