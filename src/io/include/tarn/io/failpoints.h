#pragma once

// Named places of every durable step. A module hits a failpoint by name before (or after) the step; in production a
// hit costs one relaxed load. A test arms them: the n-th hit of a name fails as a crash would (kCancelled), or ends
// the process for kill tests. The names hit are the coverage report.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "tarn/base/mutex.h"
#include "tarn/base/result.h"

namespace tarn::io {

// Thread-safe. One object a process (or a simulated world), made by `cli` or the test and handed down.
class Failpoints {
  public:
    // Called at each durable step: `Status s = failpoints.hit("log.commit.before_sync")`. Returns the armed error.
    Status hit(std::string_view name) {
        if (!active_.load(std::memory_order_relaxed)) [[likely]]
            return {};
        return slow_hit(name);
    }
    // The `nth` hit from now (1 = the next) of `name` calls `action`; its result is what hit() returns.
    void arm(std::string name, uint64_t nth, std::function<Status()> action);
    // From "name" or "name:3" (the value of TARN_FAILPOINT): ends the process at once with exit code 137, as
    // kill -9 would.
    Status arm_exit(std::string_view specification);
    // Remembers names from now on even if nothing is armed.
    void record();
    std::map<std::string, uint64_t> hits() const;
    void disarm();

  private:
    Status slow_hit(std::string_view name);
    struct Armed {
        uint64_t countdown = 0;
        std::function<Status()> action;
    };
    std::atomic<bool> active_{false};
    mutable Mutex mutex_;
    std::map<std::string, Armed, std::less<>> armed_ TARN_GUARDED_BY(mutex_);
    std::map<std::string, uint64_t, std::less<>> hits_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::io
