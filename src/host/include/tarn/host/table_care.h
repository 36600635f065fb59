#pragma once

// Care of tables by itself, as `maintain` in tarn.yml says: small files are packed, files that no
// version needs go, and rows that have become too old. Files of tables that were dropped go when
// the time is over until which they can be brought back, whatever the plan says.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "tarn/base/logger.h"
#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"
#include "tarn/base/time.h"
#include "tarn/flow/runtime.h"
#include "tarn/lake/lake.h"
#include "tarn/project/maintain.h"
#include "tarn/sql/engine.h"

namespace tarn::host {

struct TableCareContext {
    lake::Lake& lake;
    sql::Engine& engine;  // of the statement that takes old rows away
    Clock& clock;
    Metrics& metrics;
    Logger logger;
    // How a table is dropped, which flows have a say in; empty: none is.
    std::function<Status(const flow::Node&, flow::Dropped)> drop = {};
    std::shared_ptr<MemoryBudget> memory = nullptr;  // the process's; may be null
};

// Packing takes no more than a quarter of the time between two of its looks at a table; what was
// not done is done at the next. While memory is short it waits, for one such time at most. A table
// that fails is said once for each reason, and looked at again when it is due. set() and stop() may
// come from any thread.
class TableCare {
  public:
    explicit TableCare(TableCareContext context);
    ~TableCare() { stop(); }
    void set(project::CarePlan plan);
    void start();
    // Ends what runs, between two files.
    void stop();
    // Does what is due. By one thread at a time: that of start(), or a test's.
    void step();

  private:
    enum class Verb { kCompact, kVacuum, kRetain, kClones, kPurge };
    void run();
    bool stopping() const;
    void look(const std::string& table, Verb verb, std::optional<Duration> every,
              const project::CareRule& rule);
    Status compact(const std::string& table, Duration every);
    Status vacuum(const std::string& table);
    Status retain(const std::string& table, const project::CareRule& rule);
    Status clones(const std::string& table, const project::CareRule& rule);
    void purge();
    void say(const std::pair<std::string, Verb>& of, const Error& error);

    TableCareContext context_;
    Counter& packed_;
    Counter& freed_;
    Counter& failures_;
    mutable Mutex mutex_;
    Condition wake_;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    project::CarePlan plan_ TARN_GUARDED_BY(mutex_);
    std::map<std::pair<std::string, Verb>, int64_t> due_;       // on the monotonic clock, µs
    std::map<std::pair<std::string, Verb>, std::string> said_;  // the newest reason of each
    std::optional<int64_t> purge_at_;                           // on the monotonic clock, µs
    std::thread thread_;
};

}  // namespace tarn::host
