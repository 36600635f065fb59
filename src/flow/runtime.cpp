#include "tarn/flow/runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "flow.h"
#include "scheduler.h"
#include "tarn/flow/error_ids.h"

namespace tarn::errors {
extern const ErrorId kFewerPartitions;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

// Late rows and dead letters carry headers beside a record that was as large as its topic allows.
constexpr int32_t kSideHeaderBytes = 64 << 10;
constexpr Duration kSettleAfter = Duration::seconds(1);
constexpr Duration kMaxWait = Duration::seconds(60);

Result<log::TopicInfo> ensure_topic(log::Log& log, const project::Topic& topic) {
    auto standing = log.find_topic(topic.name);
    log::TopicConfig config = standing ? standing->config : log::TopicConfig();
    config.partitions = topic.partitions;
    config.retention = topic.retention;
    config.retention_bytes = topic.retention_bytes;
    if (!topic.late_of.empty() || !topic.dead_letters_of.empty())
        config.max_message_bytes = 2 * log::TopicConfig().max_message_bytes + kSideHeaderBytes;
    auto where = fmt::format("tarn.yml:{}: topic {}", topic.line, topic.name);
    if (!standing) {
        auto created = log.create_topic(topic.name, config);
        if (!created) return fail(created.error().with_context(where));
        return *created;
    }
    const auto& old = standing->config;
    if (old.partitions > config.partitions) {
        return fail(errors::kFewerPartitions,
                    fmt::format("{} has {} partitions and cannot have fewer: set partitions: {}",
                                where, old.partitions, old.partitions));
    }
    if (old.partitions != config.partitions || old.retention != config.retention ||
        old.retention_bytes != config.retention_bytes ||
        old.max_message_bytes != config.max_message_bytes) {
        if (auto altered = log.alter_topic(topic.name, config); !altered)
            return fail(altered.error().with_context(where));
    }
    return *log.find_topic(topic.name);
}

// A flow's turns.
class Runner final : public Scheduler::Task {
  public:
    Runner(FlowParts parts, const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs,
           EpochGate& gate)
        : flow(std::move(parts), options, world, runs, gate), world_(world) {}

    // An epoch, if one is due. Idle for a while: what is known to be done becomes durable, so that
    // a restart has nothing to repeat.
    Duration turn() override {
        if (ended_) return Duration{-1};
        auto now = world_.clock.monotonic_us();
        auto due = flow.due(now);
        if (due.us == 0) {
            auto stepped = flow.step();
            if (!stepped) {
                world_.logger.error("flow ended",
                                    {{"flow", flow.name()}, {"reason", stepped.error()}});
                ended_ = true;
                return Duration{-1};
            }
            if (*stepped) busy_us_ = world_.clock.monotonic_us();
            return {};
        }
        const bool settle = now - busy_us_ >= kSettleAfter.us;
        if (settle) flow.settle();
        return due.us < 0 ? (settle ? kMaxWait : kSettleAfter) : due;
    }
    std::string name() const override { return flow.name(); }
    Duration patience() const override { return flow.every(); }

    Flow flow;

  private:
    RuntimeContext& world_;
    int64_t busy_us_ = INT64_MIN / 2;
    bool ended_ = false;
};

}  // namespace

std::string_view to_string(FlowState state) {
    switch (state) {
        case FlowState::kStarting:
            return "starting";
        case FlowState::kRunning:
            return "running";
        case FlowState::kPaused:
            return "paused";
        case FlowState::kRetrying:
            return "retrying";
        case FlowState::kFailed:
            return "failed";
        case FlowState::kStopped:
            return "stopped";
    }
    return "";
}

struct Runtime::Impl {
    Impl(RuntimeOptions o, RuntimeContext c)
        : options(std::move(o)),
          world(std::move(c)),
          readers(world, options.decoded_cache_bytes),
          gate(world.memory, world.metrics),
          scheduler(world.clock) {}

    Status build(const project::Project& project) {
        for (const auto& [name, topic] : project.topics) {
            TARN_TRY(auto info, ensure_topic(world.log, topic));
            readers.add(topic, std::move(info));
        }
        PartContext context{options, world, readers};
        for (const auto& kind : flow_kinds()) {
            TARN_TRY(auto plans, kind.plans(project, context));
            for (auto& plan : plans) {
                TARN_TRY(auto parts, make_parts(std::move(plan), context));
                auto runner =
                    std::make_unique<Runner>(std::move(parts), options, world, runs, gate);
                in_order.push_back(runner.get());
                runners.emplace(runner->flow.name(), std::move(runner));
            }
        }
        // Holds before anything is deleted; sinks and journals as they stand. A table that another
        // flow writes is there before its reader looks for it.
        std::ranges::stable_partition(in_order, [](auto* r) { return r->flow.reads_topics(); });
        for (auto* runner : in_order)
            TARN_RETURN_IF_ERROR(runner->flow.open());
        return {};
    }

    Runner* find(std::string_view name) {
        auto it = runners.find(name);
        return it == runners.end() ? nullptr : it->second.get();
    }

    Result<Runner*> get(std::string_view name) {
        if (auto* runner = find(name)) return runner;
        std::vector<std::string> known;
        for (const auto& [known_name, runner] : runners)
            known.push_back(known_name);
        auto near = nearest(name, known);
        return fail(errors::kNoFlow, fmt::format("no such flow: {}{}", name,
                                                 near ? ": did you mean " + *near + "?" : ""));
    }

    void start() {
        for (auto* runner : in_order)
            runner->flow.subscribe([this, runner] { scheduler.wake(*runner); });
        const std::vector<Scheduler::Task*> tasks(in_order.begin(), in_order.end());
        scheduler.start(tasks, options.workers);
    }

    void stop() {
        for (auto* runner : in_order)
            runner->flow.unsubscribe();
        scheduler.stop();
        for (auto* runner : in_order)
            runner->flow.settle();
        stopped = true;
    }

    RuntimeOptions options;
    RuntimeContext world;
    Readers readers;
    EpochGate gate;
    RunLedger runs;
    std::map<std::string, std::unique_ptr<Runner>, std::less<>> runners;
    std::vector<Runner*> in_order;  // each behind those that write what it reads
    Scheduler scheduler;
    std::atomic<bool> stopped{false};
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Runtime::~Runtime() { stop(); }

Result<std::unique_ptr<Runtime>> Runtime::open(const project::Project& project,
                                               RuntimeOptions options, RuntimeContext context) {
    std::unique_ptr<Runtime> runtime(
        new Runtime(std::make_unique<Impl>(std::move(options), std::move(context))));
    TARN_RETURN_IF_ERROR(runtime->impl_->build(project));
    return runtime;
}

void Runtime::start() {
    if (impl_->options.threads) impl_->start();
}

void Runtime::stop() {
    if (!impl_->stopped) impl_->stop();
}

std::vector<FlowStatus> Runtime::list() const {
    std::vector<FlowStatus> out;
    for (const auto& [name, runner] : impl_->runners) {
        out.push_back(runner->flow.status());
        if (impl_->stopped && out.back().state != FlowState::kFailed)
            out.back().state = FlowState::kStopped;
    }
    return out;
}

std::optional<FlowStatus> Runtime::describe(std::string_view name) const {
    if (auto* runner = impl_->find(name)) return runner->flow.status();
    return std::nullopt;
}

Status Runtime::pause(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->flow.pause();
    impl_->scheduler.wake(*runner);
    return {};
}

Status Runtime::resume(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->flow.resume();
    impl_->scheduler.wake(*runner);
    return {};
}

std::vector<RunRecord> Runtime::runs(size_t limit) const { return impl_->runs.newest(limit); }

Result<bool> Runtime::step() {
    bool any = false;
    for (auto& [name, runner] : impl_->runners) {
        TARN_TRY(bool stepped, runner->flow.step());
        any = any || stepped;
    }
    return any;
}

}  // namespace tarn::flow
