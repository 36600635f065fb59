#include "sampler.h"

#include "api_json.h"
#include "tarn/catalog/flow_sinks.h"
#include "tarn/catalog/topic_size.h"

namespace tarn::server {
namespace {

constexpr Duration kFastWindow = Duration::seconds(4);
// What changes with epochs, which end every second to five.
constexpr Duration kEpochsWindow = Duration::seconds(10);

}  // namespace

void Slope::add(int64_t now, double count) {
    if (!samples_.empty() && count < samples_.back().second) samples_.clear();  // counted from anew
    samples_.emplace_back(now, count);
    while (samples_.size() > 2 && now - samples_.front().first > window_.us)
        samples_.pop_front();
}

std::optional<double> Slope::per_second(int64_t now) const {
    if (samples_.size() < 2 || now - samples_.back().first > window_.us) return std::nullopt;
    const double elapsed = double(samples_.back().first - samples_.front().first) / 1e6;
    if (elapsed <= 0) return std::nullopt;
    return (samples_.back().second - samples_.front().second) / elapsed;
}

Sampler::Sampler(const ServerOptions& options, const Platform& context)
    : options_(options),
      context_(context),
      history_(context.disk, context.data_folder + "/history", context.logger),
      started_(context.clock.now()),
      started_us_(context.clock.monotonic_us()),
      records_in_(kFastWindow),
      cpu_(kFastWindow) {
    history_.load(started_);
}

void Sampler::sample() {
    std::map<std::string, int64_t> counts;
    const auto flows = context_.flows.list();
    for (const auto& flow : flows) {
        counts["in:" + flow.name] = flow.rows_in;
        counts["out:" + flow.name] = flow.rows_out;
    }
    const auto written = catalog::topics_written(flows);
    int64_t records = 0;  // from outside
    for (const auto& topic : context_.log.topics()) {
        if (topic.internal) continue;
        const int64_t n = counts["topic:" + topic.name] =
            catalog::size_of(topic, context_.log).appended;
        if (!written.contains(topic.name)) records += n;
    }
    for (const auto& name : context_.lake.tables())
        if (auto info = context_.lake.describe(name); info && info->rows >= 0)
            counts["table:" + name] = info->rows;
    const auto usage = process_usage();
    const int64_t now = context_.clock.monotonic_us();
    std::vector<Reading> read;
    {
        MutexLock lock(mutex_);
        records_in_.add(now, double(records));
        if (usage.cpu_seconds) cpu_.add(now, *usage.cpu_seconds);
        std::erase_if(counts_, [&](const auto& entry) { return !counts.contains(entry.first); });
        for (const auto& [what, n] : counts)
            counts_.try_emplace(what, what.starts_with("topic:") ? kFastWindow : kEpochsWindow)
                .first->second.add(now, double(n));
        read = readings(flows, usage, now);
    }
    history_.add(context_.clock.now(), read);
}

// In the order in which room is given to them.
std::vector<Reading> Sampler::readings(const std::vector<flow::FlowStatus>& flows,
                                       const ProcessUsage& usage, int64_t now) const {
    std::vector<Reading> all;
    using Kind = Reading::Kind;
    const auto add = [&](std::string name, Kind kind, const auto& value) {
        if (value) all.push_back({std::move(name), kind, double(*value)});
    };
    const auto in_ms = [](const std::optional<Duration>& d) {
        return d ? std::optional(double(d->us) / 1e3) : std::nullopt;
    };
    add("records_in", Kind::kMean, records_in_.per_second(now));
    add("rows_to_tables", Kind::kMean, to_tables(now));
    add("rss_bytes", Kind::kGreatest, usage.rss_bytes);
    add("cpu_cores", Kind::kMean, cpu_.per_second(now));
    for (const auto& flow : flows) {
        all.push_back({"lag:" + flow.name, Kind::kGreatest, double(flow.lag())});
        add("p50:" + flow.name, Kind::kGreatest, in_ms(flow.latency_p50));
        add("p99:" + flow.name, Kind::kGreatest, in_ms(flow.latency_p99));
    }
    for (const auto& [what, slope] : counts_)
        add(what, Kind::kMean, slope.per_second(now));
    return all;
}

std::optional<double> Sampler::to_tables(int64_t now) const {
    std::optional<double> sum;
    for (const auto& [what, slope] : counts_)
        if (auto rate = slope.per_second(now); rate && what.starts_with("table:"))
            sum = sum.value_or(0) + *rate;
    return sum;
}

std::optional<double> Sampler::per_second(const std::string& what) const {
    const int64_t now = context_.clock.monotonic_us();
    MutexLock lock(mutex_);
    auto it = counts_.find(what);
    return it == counts_.end() ? std::nullopt : it->second.per_second(now);
}

std::string Sampler::status_json(bool ready) {
    const auto usage = process_usage();
    const auto log = context_.log.usage();
    uint64_t table_bytes = 0;
    for (const auto& name : context_.lake.tables())
        if (auto info = context_.lake.describe(name)) table_bytes += info->bytes;
    const int64_t now = context_.clock.monotonic_us();
    MutexLock lock(mutex_);
    JsonWriter json;
    json.begin_object();
    json.field("as_of", context_.clock.now()).field("version", options_.version);
    json.field("kafka_address", options_.kafka_address);
    json.field("project", options_.project_name).field("start_number", options_.start_number);
    json.field("started", started_).field("uptime_seconds", double(now - started_us_) / 1e6);
    json.field("ready", ready)
        .field("rss_bytes", usage.rss_bytes)
        .field("cpu_seconds", usage.cpu_seconds);
    json.field("cpu_cores", cpu_.per_second(now));
    json.key("disk").begin_object();
    json.field("log_bytes", log.disk_bytes).field("table_bytes", table_bytes);
    json.key("view_bytes").null().end_object();
    json.field("records_in_per_second", records_in_.per_second(now));
    json.field("rows_to_tables_per_second", to_tables(now));
    json.field("log_read_only", log.read_only).field("log_read_only_reason", log.read_only_reason);
    json.end_object();
    return json.take();
}

std::string Sampler::tables_json() {
    JsonWriter json, failed;
    failed.begin_array();
    json.begin_object().key("tables").begin_array();
    for (const auto& name : context_.lake.tables()) {
        auto info = context_.lake.describe(name);
        if (info)
            write_json(json, *info, per_second("table:" + name));
        else
            failed.begin_object()
                .field("name", name)
                .field("message", info.error().message())
                .end_object();
    }
    json.end_array();
    failed.end_array();
    json.key("failed").raw(failed.str()).end_object();
    return json.take();
}

}  // namespace tarn::server
