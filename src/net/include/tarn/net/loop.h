#pragma once

// A thread that serves connections: work is posted to it, and runs there one after the other.

#include <functional>
#include <memory>

#include "tarn/base/time.h"

namespace tarn::net {

// Calls back once, when it is due. Used on its loop's thread alone, and after the loop has ended.
class Timer {
  public:
    virtual ~Timer() = default;
    // From now on; an earlier setting is forgotten.
    virtual void arm(Duration wait) = 0;
    virtual void cancel() = 0;
};

// Lives as long as anyone holds it; what is posted after its end is dropped.
class Loop {
  public:
    virtual ~Loop() = default;
    // From any thread.
    virtual void post(std::move_only_function<void()> work) = 0;
    virtual std::unique_ptr<Timer> timer(std::move_only_function<void()> due) = 0;
};

}  // namespace tarn::net
