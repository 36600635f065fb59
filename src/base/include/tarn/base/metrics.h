#pragma once

// Prometheus metrics. A Metrics is made once by `cli` and handed down; a metric is registered once by the part that
// owns it and kept as a reference for the Metrics' life. All thread-safe.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tarn {

using Labels = std::map<std::string, std::string>;

class Counter {
  public:
    virtual ~Counter() = default;
    virtual void add(double n = 1) = 0;
    virtual double value() const = 0;
};
class Gauge {
  public:
    virtual ~Gauge() = default;
    virtual void set(double v) = 0;
    virtual double value() const = 0;
};
class Histogram {
  public:
    virtual ~Histogram() = default;
    virtual void observe(double v) = 0;
};

// What a metric is, without its values.
struct MetricDescriptor {
    std::string name, help, kind;     // counter, gauge or histogram
    std::vector<std::string> labels;  // names of all labels that any of its series has
};

class Metrics {
  public:
    Metrics();
    ~Metrics();
    // The same name and labels give the same metric again. Names follow Prometheus: tarn_<module>_<what>_<unit>[_total].
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    // bounds: ascending upper bounds of the buckets, in the unit of the name.
    Histogram& histogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const Labels& labels = {});
    // The Prometheus text exposition format 0.0.4.
    std::string text() const;
    // Of all that are registered, by name.
    std::vector<MetricDescriptor> descriptors() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn
