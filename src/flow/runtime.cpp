#include "tarn/flow/runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "runner.h"
#include "tarn/flow/error_ids.h"

namespace tarn::errors {
extern const ErrorId kFewerPartitions;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

// Late rows and dead letters carry headers beside a record that was as large as its topic allows.
constexpr int32_t kSideHeaderBytes = 64 << 10;

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
        case FlowState::kRebuilding:
            return "rebuilding";
    }
    return "";
}

struct Runtime::Impl {
    Impl(const project::Project& p, RuntimeOptions o, RuntimeContext c)
        : project(p),
          options(std::move(o)),
          world(std::move(c)),
          readers(world, options.decoded_cache_bytes),
          gate(world.memory, world.metrics),
          scheduler(world.clock) {}

    Status build() {
        for (const auto& [name, topic] : project.topics) {
            TARN_TRY(auto info, ensure_topic(world.log, topic));
            readers.add(topic, std::move(info));
        }
        TARN_TRY(auto plans, plans_of(project, parts));
        for (auto& plan : plans) {
            TARN_TRY(auto runner, Runner::make(std::move(plan), shared));
            in_order.push_back(runner.get());
            runners.emplace(runner->name(), std::move(runner));
        }
        // Holds before anything is deleted; sinks and journals as they stand. A table that another
        // flow writes is there before its reader looks for it.
        std::ranges::stable_partition(in_order, [](auto* r) { return r->reads_topics(); });
        for (auto* runner : in_order)
            TARN_RETURN_IF_ERROR(runner->open());
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
            runner->subscribe();
        const std::vector<Scheduler::Task*> tasks(in_order.begin(), in_order.end());
        scheduler.start(tasks, options.workers);
    }

    void stop() {
        scheduler.stop();
        for (auto* runner : in_order)
            runner->unsubscribe();
        for (auto* runner : in_order)
            runner->settle();
        stopped = true;
    }

    const project::Project project;
    RuntimeOptions options;
    RuntimeContext world;
    Readers readers;
    EpochGate gate;
    PartContext parts{options, world, readers};
    RunLedger runs;
    RunnerContext shared{project, parts, runs, gate, [this](auto& task) { scheduler.wake(task); }};
    Mutex ordering;  // one at a time
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
        new Runtime(std::make_unique<Impl>(project, std::move(options), std::move(context))));
    TARN_RETURN_IF_ERROR(runtime->impl_->build());
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
        out.push_back(runner->status());
        if (impl_->stopped && out.back().state != FlowState::kFailed)
            out.back().state = FlowState::kStopped;
    }
    return out;
}

std::optional<FlowStatus> Runtime::describe(std::string_view name) const {
    if (auto* runner = impl_->find(name)) return runner->status();
    return std::nullopt;
}

Status Runtime::pause(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->pause();
    impl_->scheduler.wake(*runner);
    return {};
}

Status Runtime::resume(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->resume();
    impl_->scheduler.wake(*runner);
    return {};
}

Result<std::vector<std::string>> Runtime::rebuild(std::string_view name, bool from_retained) {
    TARN_TRY(auto* asked, impl_->get(name));
    MutexLock lock(impl_->ordering);
    const std::string names[] = {asked->name()};
    TARN_TRY(auto plans, plans_of(impl_->project, impl_->parts));
    TARN_TRY(auto ordered, make_orders(plans, names, from_retained, impl_->parts));
    // Those that wait first.
    for (size_t i = ordered.size(); i-- > 0;) {
        auto* runner = impl_->find(ordered[i]);
        runner->ordered();
        impl_->scheduler.wake(*runner);
    }
    return ordered;
}

std::vector<RunRecord> Runtime::runs(size_t limit) const { return impl_->runs.newest(limit); }

Result<bool> Runtime::step() {
    bool any = false;
    for (auto& [name, runner] : impl_->runners) {
        TARN_TRY(bool stepped, runner->step());
        any = any || stepped;
    }
    return any;
}

}  // namespace tarn::flow
