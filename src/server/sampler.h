#pragma once

// Rates: counts read now and then, and the slope over the last seconds. Thread-safe.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "history.h"
#include "host_names.h"
#include "process_usage.h"
#include "tarn/base/mutex.h"
#include "tarn/server/server.h"

namespace tarn::server {

// The slope of one growing count. Not thread-safe.
class Slope {
  public:
    explicit Slope(Duration window) : window_(window) {}
    void add(int64_t monotonic_us, double count);
    // A second; nothing before two samples, or when the newest is older than the window.
    std::optional<double> per_second(int64_t monotonic_us) const;

  private:
    Duration window_;
    std::deque<std::pair<int64_t, double>> samples_;
};

class Sampler {
  public:
    Sampler(const ServerOptions& options, const Platform& context);
    // Reads all counts once, and adds to the history; meant to be called about every second.
    void sample();
    // What sample() has read, over time.
    History& history() { return history_; }
    const History& history() const { return history_; }
    std::string status_json(bool ready);
    std::string tables_json();
    // Of "topic:clicks" its records, of "table:bronze.clicks" its rows, of "in:flow" and "out:flow" what the flow read
    // and wrote.
    std::optional<double> per_second(const std::string& what) const;

  private:
    std::vector<Reading> readings(const std::vector<flow::FlowStatus>& flows,
                                  const ProcessUsage& usage, int64_t now_us) const
        TARN_REQUIRES(mutex_);
    // Rows that all tables grow by, a second.
    std::optional<double> to_tables(int64_t now_us) const TARN_REQUIRES(mutex_);

    const ServerOptions& options_;
    const Platform& context_;
    History history_;
    const Timestamp started_;
    const int64_t started_us_;
    mutable Mutex mutex_;
    Slope records_in_ TARN_GUARDED_BY(mutex_);
    Slope cpu_ TARN_GUARDED_BY(mutex_);
    std::map<std::string, Slope> counts_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::server
