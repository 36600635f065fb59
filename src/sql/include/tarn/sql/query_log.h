#pragma once

// The queries that run, and those that ended last: kept in memory, a bounded number. Thread-safe.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

struct QueryRecord {
    uint64_t id = 0;  // from 1, since the process started
    Timestamp started;
    Duration elapsed;   // until now, of one that runs
    std::string state;  // "running", "done", "cancelled" or "failed"
    int64_t rows = 0;   // handed out
    std::string error;  // the id of a failure's or cancellation's, else empty
    std::string text;   // of the SQL, its beginning
};

class QueryLog {
  public:
    static constexpr size_t kMostEnded = 200, kMostText = 2000;  // queries, bytes
    explicit QueryLog(Clock& clock) : clock_(clock) {}

    uint64_t begin(std::string_view sql);
    void end(uint64_t id, const Result<QueryStats>& stats);
    // Newest first.
    std::vector<QueryRecord> list() const;

  private:
    struct Entry {
        QueryRecord record;
        int64_t began_us = 0;  // monotonic
    };
    Clock& clock_;
    mutable Mutex mutex_;
    uint64_t last_ TARN_GUARDED_BY(mutex_) = 0;
    std::deque<Entry> entries_ TARN_GUARDED_BY(mutex_);  // by id
    size_t ended_ TARN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tarn::sql
