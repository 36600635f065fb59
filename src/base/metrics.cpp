#include "tarn/base/metrics.h"

#include <exception>
#include <set>
#include <tuple>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "tarn/base/check.h"
#include "tarn/base/mutex.h"

namespace tarn {

namespace {

class CounterImpl final : public Counter {
  public:
    explicit CounterImpl(prometheus::Counter& c) : counter_(c) {}
    void add(double n) override { counter_.Increment(n); }
    double value() const override { return counter_.Value(); }

  private:
    prometheus::Counter& counter_;
};

class GaugeImpl final : public Gauge {
  public:
    explicit GaugeImpl(prometheus::Gauge& g) : gauge_(g) {}
    void set(double v) override { gauge_.Set(v); }
    double value() const override { return gauge_.Value(); }

  private:
    prometheus::Gauge& gauge_;
};

class HistogramImpl final : public Histogram {
  public:
    explicit HistogramImpl(prometheus::Histogram& h) : histogram_(h) {}
    void observe(double v) override { histogram_.Observe(v); }

  private:
    prometheus::Histogram& histogram_;
};

using Key = std::pair<std::string, Labels>;

// The metric under `key`, made by `make` if it is new. prometheus-cpp throws for a malformed name
// or one that is taken by another kind of metric: both are defects of the caller, never data.
template <class T, class Make>
T& find_or_make(std::map<Key, std::unique_ptr<T>>& known, Key key, Make make) {
    auto& slot = known[std::move(key)];
    if (!slot) {
        try {
            slot = make();
        } catch (const std::exception& e) {
            check_failed("metric can be registered", e.what(), __FILE__, __LINE__);
        }
    }
    return *slot;
}

}  // namespace

struct Metrics::Impl {
    Mutex mutex;
    prometheus::Registry registry;
    std::map<Key, std::unique_ptr<Counter>> counters TARN_GUARDED_BY(mutex);
    std::map<Key, std::unique_ptr<Gauge>> gauges TARN_GUARDED_BY(mutex);
    std::map<Key, std::unique_ptr<Histogram>> histograms TARN_GUARDED_BY(mutex);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    MutexLock lock(impl_->mutex);
    return find_or_make(impl_->counters, {name, labels}, [&] {
        auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
        return std::make_unique<CounterImpl>(family.Add(labels));
    });
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    MutexLock lock(impl_->mutex);
    return find_or_make(impl_->gauges, {name, labels}, [&] {
        auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
        return std::make_unique<GaugeImpl>(family.Add(labels));
    });
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              const std::vector<double>& bounds, const Labels& labels) {
    MutexLock lock(impl_->mutex);
    return find_or_make(impl_->histograms, {name, labels}, [&] {
        auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
        return std::make_unique<HistogramImpl>(family.Add(labels, bounds));
    });
}

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

std::vector<MetricDescriptor> Metrics::descriptors() const {
    std::map<std::string, MetricDescriptor> found;
    for (auto& family : impl_->registry.Collect()) {
        auto& out = found[family.name];
        out.name = family.name;
        out.help = family.help;
        out.kind = family.type == prometheus::MetricType::Counter     ? "counter"
                   : family.type == prometheus::MetricType::Histogram ? "histogram"
                                                                      : "gauge";
        std::set<std::string> labels(out.labels.begin(), out.labels.end());
        for (auto& metric : family.metric)
            for (auto& label : metric.label)
                labels.insert(label.name);
        out.labels.assign(labels.begin(), labels.end());
    }
    std::vector<MetricDescriptor> all;
    for (auto& [name, descriptor] : found)
        all.push_back(std::move(descriptor));
    return all;
}

}  // namespace tarn
