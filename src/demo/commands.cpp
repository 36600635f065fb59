// `tarn demo`, `tarn demo trace` and `tarn demo-generator`.

#include <limits>

#include "generator.h"
#include "run.h"
#include "tarn/demo/demo.h"
#include "tarn/host/command.h"
#include "tarn/host/setting_flags.h"
#include "trace.h"

namespace tarn::demo {
namespace {

class DemoCommand final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("--for", &run_for_, "Ends after this time, e.g. 60s (default: at Ctrl-C)")
            .value("TIME")
            .check(host::not_a_duration);
        options.add("--rate", &options_.rate, "Clicks a second")
            .with_default()
            .between(1, 2'000'000);
        options.add("--seed", &options_.seed, "Seed of what is late, twice or broken")
            .with_default();
        options.add("--no-browser", &no_browser_, "Does not open the page");
        flags_.declare(options);
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(options_.flags, flags_.values());
        if (!run_for_.empty()) {
            TARN_TRY(options_.run_for, parse_duration(run_for_));
        }
        options_.browser = !no_browser_;
        return run_demo(common, options_);
    }

  private:
    DemoOptions options_;
    std::string run_for_;
    bool no_browser_ = false;
    host::SettingFlags flags_;
};

// An event followed, under the demo because that is where people meet it; it works on any server.
class Trace final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("id", &options_.id, "The event's id (its event_id)");
        options.add("--topic", &options_.topic,
                    "Topic to look in; with --partition and --offset, a place");
        options.add("--partition", &options_.partition, "Partition").between(0, 1'000'000);
        options.add("--offset", &options_.offset, "Offset")
            .between(0, std::numeric_limits<int64_t>::max());
        options.add("--timeout", &timeout_, "Waits so long for what has not arrived yet")
            .with_default()
            .check(host::not_a_duration);
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(options_.timeout, parse_duration(timeout_));
        return run_trace(common, options_);
    }

  private:
    TraceOptions options_;
    std::string timeout_ = "10s";
};

class GeneratorCommand final : public host::Command {
  public:
    void declare(host::Options& options) override;
    Result<int> run(const host::Common&) override {
        if (!run_for_.empty()) {
            TARN_TRY(options_.run_for, parse_duration(run_for_));
        }
        TARN_TRY(options_.day, parse_duration(day_));
        TARN_TRY(options_.late_from, parse_duration(late_from_));
        if (options_.topic.empty()) options_.topic = options_.stream;
        return run_generator(options_);
    }

  private:
    GeneratorOptions options_;
    std::string run_for_, day_ = "5m", late_from_ = "1s";
};

void GeneratorCommand::declare(host::Options& options) {
    options.add("--kafka", &options_.kafka, "host:port").required();
    options.add("--stream", &options_.stream, "clicks, or edits of Wikipedia")
        .with_default()
        .one_of({"clicks", "edits"});
    options.add("--topic", &options_.topic, "Topic (default: named as the stream)");
    options.add("--day", &day_, "Time in which the day of edits is replayed")
        .with_default()
        .check(host::not_a_duration);
    options.add("--late", &options_.late, "Share of the clicks that is late (default: 0.005)")
        .share();
    options.add("--late-from", &late_from_, "A late click is at least so late")
        .with_default()
        .check(host::not_a_duration);
    options.add("--broken", &options_.broken, "Share of broken clicks (default: 0.001)").share();
    options
        .add("--first-round", &options_.first_round,
             "Number of the first round over the clicks, part of their ids")
        .between(0, 999'999);
    options.add("--ledger", &options_.ledger, "Folder of the ledger of what was acknowledged")
        .value("FOLDER")
        .required();
    options.add("--rate", &options_.rate, "Clicks a second").with_default().between(1, 2'000'000);
    options.add("--seed", &options_.seed, "Seed").with_default();
    options.add("--for", &run_for_, "Ends after this time (default: at SIGTERM)")
        .value("TIME")
        .check(host::not_a_duration);
}

constexpr host::CommandRow kCommands[] = {
    {"demo", "Replays the clicks of a web shop through the platform, with a live page.",
     "tarn demo --for 60s --rate 100000 --format json --no-browser",
     host::make_command<DemoCommand>},
    {"demo trace", "Follows one event: where it is, since when, in which batch and version.",
     "tarn demo trace e00042-100000-001", host::make_command<Trace>},
    {"demo-generator", "The demo's producer, by itself, against any Kafka broker.",
     "tarn demo-generator --kafka 127.0.0.1:9092 --rate 50000 --for 60s --ledger ledger",
     host::make_command<GeneratorCommand>},
};

}  // namespace

std::span<const host::CommandRow> commands() { return kCommands; }

}  // namespace tarn::demo
