#pragma once

// Rates: counts read now and then, and the slope over the last seconds. Thread-safe.

#include <deque>
#include <map>
#include <optional>
#include <string>

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
    // Reads all counts once; meant to be called about every second.
    void sample();
    std::string status_json(bool ready);
    std::string tables_json();
    // Of "topic:clicks" its records, of "table:bronze.clicks" its rows, of "in:flow" and "out:flow" what the flow read
    // and wrote.
    std::optional<double> per_second(const std::string& what) const;

  private:
    const ServerOptions& options_;
    const Platform& context_;
    const Timestamp started_;
    const int64_t started_us_;
    mutable Mutex mutex_;
    Slope records_in_ TARN_GUARDED_BY(mutex_);
    Slope cpu_ TARN_GUARDED_BY(mutex_);
    std::map<std::string, Slope> counts_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::server
