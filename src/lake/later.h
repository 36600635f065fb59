#pragma once

// What follows a commit and nobody waits for, done by a thread of its own: checksums and
// checkpoints. A commit is made and answered without them, and tables are whole without.

#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "tarn/base/mutex.h"

namespace tarn::lake {

// Thread-safe.
class Later {
  public:
    Later();
    // Does what waits.
    ~Later();
    Later(const Later&) = delete;
    Later& operator=(const Later&) = delete;

    // Returns at once. One of the same name that still waits is left out; of more than kMostWaiting
    // the oldest. `work` does not wait for who calls flush().
    void put(std::string name, std::function<void()> work);
    // Until all that was put is done.
    void flush();

    static constexpr size_t kMostWaiting = 256;

  private:
    void run();

    struct Work {
        std::string name;
        std::function<void()> run;
    };
    Mutex mutex_;
    Condition changed_;
    std::deque<Work> waiting_ TARN_GUARDED_BY(mutex_);
    bool busy_ TARN_GUARDED_BY(mutex_) = false;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    std::thread thread_;  // the last: it uses the others
};

}  // namespace tarn::lake
