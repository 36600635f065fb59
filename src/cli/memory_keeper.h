#pragma once

// Keeps the process within memory.limit: looks several times a second at what it holds, gives back
// to the system what was freed when memory is tight, and lends the engines of SQL what other parts
// leave. One thread, from open to the end.

#include <memory>
#include <thread>
#include <vector>

#include "tarn/base/logger.h"
#include "tarn/base/memory_level.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"
#include "tarn/sql/engine.h"

namespace tarn::cli {

// Before there are other threads: how the allocator keeps memory for later.
void set_up_allocator();

// Bytes of memory that this process holds: its own, and those of files that are mapped into it.
// `pid` negative: of this process, else of that one; 0 if it is gone.
int64_t resident_bytes(int64_t pid = -1);

// What an engine may take: `most` of what the others leave of the limit, never below `least`.
struct Lending {
    int64_t least = 0, most = 0;  // bytes
    // `held` by the process, `used` of it by the engine.
    int64_t limit_of(int64_t limit, int64_t held, int64_t used) const;
};

struct Borrower {
    sql::Engine& engine;
    Lending lending;
    Gauge& lent;  // shows what it may take now
};

class MemoryKeeper {
  public:
    // The engines outlive it.
    MemoryKeeper(std::shared_ptr<MemoryBudget> memory, std::vector<Borrower> borrowers,
                 Metrics& metrics, Logger logger);
    ~MemoryKeeper();
    MemoryKeeper(const MemoryKeeper&) = delete;

  private:
    void run();
    void look();

    void trim();
    void show(int64_t held);
    void lend(const Borrower& to, int64_t held);

    const std::shared_ptr<MemoryBudget> memory_;
    UncountedMemory uncounted_;
    const std::vector<Borrower> borrowers_;
    Gauge &held_gauge_, &level_gauge_, &allocated_gauge_, &free_gauge_;
    Logger logger_;
    MemoryLevel level_ = MemoryLevel::kFree;
    int looks_ = 0, next_trim_ = 0;
    int calm_ = 0;       // looks since memory was short
    bool said_ = false;  // that it is short
    Mutex mutex_;
    Condition wake_;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tarn::cli
