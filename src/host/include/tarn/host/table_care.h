#pragma once

// Care of tables by itself, as `maintain` in tarn.yml says: small files are packed, files that no
// version needs go, and rows that have become too old.

#include <condition_variable>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"
#include "tarn/base/time.h"
#include "tarn/lake/lake.h"
#include "tarn/project/section.h"
#include "tarn/sql/engine.h"

namespace tarn::host {

// How often each is done; absent: never.
struct CareRule {
    std::optional<Duration> compact, vacuum;
    std::optional<Duration> retain;  // rows are kept for so long,
    std::string retain_by = {};      // counted from the time in this column
};
struct CarePlan {
    CareRule all;  // of tables that are not named
    std::map<std::string, CareRule, std::less<>> tables;
    const CareRule& of(std::string_view table) const;
};

// `maintain` of tarn.yml: a CarePlan.
std::span<const project::Section> maintain_sections();
// What a project says of it; a plan for nothing if it says nothing.
CarePlan care_plan(const project::Project& project);

struct TableCareContext {
    lake::Lake& lake;
    sql::Engine& engine;  // of the statement that takes old rows away
    Clock& clock;
    Metrics& metrics;
    Logger logger;
};

// Packing takes no more than a quarter of the time between two of its looks at a table; what was
// not done is done at the next. A table that fails is said once for each reason, and looked at
// again when it is due. set() and stop() may come from any thread.
class TableCare {
  public:
    explicit TableCare(TableCareContext context);
    ~TableCare() { stop(); }
    void set(CarePlan plan);
    void start();
    // Ends what runs, between two files.
    void stop();
    // Does what is due. By one thread at a time: that of start(), or a test's.
    void step();

  private:
    enum class Verb { kCompact, kVacuum, kRetain };
    void run();
    bool stopping() const;
    void look(const std::string& table, Verb verb, std::optional<Duration> every,
              const CareRule& rule);
    Status compact(const std::string& table, Duration every);
    Status vacuum(const std::string& table);
    Status retain(const std::string& table, const CareRule& rule);

    TableCareContext context_;
    Counter& packed_;
    Counter& freed_;
    Counter& failures_;
    mutable Mutex mutex_;
    Condition wake_;
    bool stopping_ TARN_GUARDED_BY(mutex_) = false;
    CarePlan plan_ TARN_GUARDED_BY(mutex_);
    std::map<std::pair<std::string, Verb>, int64_t> due_;  // on the monotonic clock, µs
    std::set<std::string> said_;
    std::thread thread_;
};

}  // namespace tarn::host
