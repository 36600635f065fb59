#include "tarn/flow/runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "runner.h"
#include "tail.h"
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

// The ledger goes on over reloads.
struct Runtime::Shared {
    RunLedger runs;
};

struct Runtime::Impl {
    Impl(const project::Project& p, const RuntimeOptions& o, const RuntimeContext& c, RunLedger& r)
        : project(std::make_shared<const project::Project>(p)),
          options(o),
          world(c),
          readers(world, options.decoded_cache_bytes),
          gate(world.memory, world.metrics),
          runs(r),
          scheduler(world.clock) {}
    ~Impl() { stop(); }

    Status build() {
        for (const auto& [name, topic] : project->topics) {
            TARN_TRY(auto info, ensure_topic(world.log, topic));
            readers.add(topic, std::move(info));
        }
        TARN_TRY(auto plans, plans_of(*project, parts));
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
        if (stopped.exchange(true)) return;
        scheduler.stop();
        for (auto* runner : in_order)
            runner->unsubscribe();
        for (auto* runner : in_order)
            runner->settle();
    }

    std::vector<FlowStatus> list() const {
        std::vector<FlowStatus> out;
        for (const auto& [name, runner] : runners) {
            out.push_back(runner->status());
            if (stopped && out.back().state != FlowState::kFailed)
                out.back().state = FlowState::kStopped;
        }
        return out;
    }

    const std::shared_ptr<const project::Project> project;
    const RuntimeOptions options;
    RuntimeContext world;
    Readers readers;
    EpochGate gate;
    PartContext parts{options, world, readers};
    RunLedger& runs;
    RunnerContext shared{*project, parts, runs, gate, [this](auto& task) { scheduler.wake(task); }};
    Mutex ordering;  // one at a time
    std::map<std::string, std::unique_ptr<Runner>, std::less<>> runners;
    std::vector<Runner*> in_order;  // each behind those that write what it reads
    Scheduler scheduler;
    std::atomic<bool> stopped{false};
};

Runtime::Runtime(RuntimeOptions options, RuntimeContext context)
    : options_(std::move(options)),
      context_(std::move(context)),
      shared_(std::make_unique<Shared>()) {}

Runtime::~Runtime() { stop(); }

std::shared_ptr<Runtime::Impl> Runtime::impl() const {
    MutexLock lock(mutex_);
    return impl_;
}

Result<std::shared_ptr<Runtime::Impl>> Runtime::make(const project::Project& project) {
    auto made = std::make_shared<Impl>(project, options_, context_, shared_->runs);
    TARN_RETURN_IF_ERROR(made->build());
    return made;
}

Result<std::unique_ptr<Runtime>> Runtime::open(const project::Project& project,
                                               RuntimeOptions options, RuntimeContext context) {
    std::unique_ptr<Runtime> runtime(new Runtime(std::move(options), std::move(context)));
    TARN_TRY(auto made, runtime->make(project));
    MutexLock lock(runtime->mutex_);
    runtime->impl_ = std::move(made);
    return runtime;
}

void Runtime::start() {
    if (!options_.threads) return;
    MutexLock lock(mutex_);
    started_ = true;
    impl_->start();
}

void Runtime::stop() {
    MutexLock one(reloading_);
    ended_ = true;
    if (auto standing = impl()) standing->stop();
}

Status Runtime::reload(const project::Project& project) {
    MutexLock one(reloading_);
    auto standing = impl();
    if (ended_) return fail(ErrorCode::kUnavailable, "the flows have been stopped");
    const auto before = standing->project;
    standing->stop();
    auto made = make(project);
    Status out;
    if (!made) {
        out = fail(made.error());
        made = make(*before);
        // As a restart with what cannot be opened: what stands is shown as it is, and does nothing.
        if (!made) return out;
    }
    // What nobody reads any longer is not kept.
    for (const auto& [name, runner] : standing->runners) {
        if ((*made)->find(name)) continue;
        context_.log.release_holds(name);
        context_.lake.release_holds(name);
        runner->retire();
    }
    MutexLock lock(mutex_);
    impl_ = std::move(*made);
    if (started_) impl_->start();
    return out;
}

std::shared_ptr<const project::Project> Runtime::project() const { return impl()->project; }

std::vector<FlowStatus> Runtime::list() const { return impl()->list(); }

std::optional<FlowStatus> Runtime::describe(std::string_view name) const {
    if (auto standing = impl(); auto* runner = standing->find(name)) return runner->status();
    return std::nullopt;
}

Status Runtime::pause(std::string_view name) {
    auto standing = impl();
    TARN_TRY(auto* runner, standing->get(name));
    runner->pause();
    standing->scheduler.wake(*runner);
    return {};
}

Status Runtime::resume(std::string_view name) {
    auto standing = impl();
    TARN_TRY(auto* runner, standing->get(name));
    runner->resume();
    standing->scheduler.wake(*runner);
    return {};
}

Result<std::vector<std::string>> Runtime::rebuild(std::string_view name, bool from_retained) {
    MutexLock one(reloading_);
    auto standing = impl();
    TARN_TRY(auto* asked, standing->get(name));
    MutexLock lock(standing->ordering);
    const std::string names[] = {asked->name()};
    TARN_TRY(auto plans, plans_of(*standing->project, standing->parts));
    TARN_TRY(auto ordered, make_orders(plans, names, from_retained, standing->parts));
    // Those that wait first.
    for (size_t i = ordered.size(); i-- > 0;) {
        auto* runner = standing->find(ordered[i]);
        runner->ordered();
        standing->scheduler.wake(*runner);
    }
    return ordered;
}

std::vector<RunRecord> Runtime::runs(size_t limit) const { return shared_->runs.newest(limit); }

std::shared_ptr<const sql::TableTail> Runtime::tail(std::string_view table) const {
    const auto standing = impl();
    for (const auto& [name, topic] : standing->project->topics) {
        if (!topic.table || topic.table->name != table) continue;
        const auto* runner = standing->find(name + ".table");
        if (!runner) return nullptr;
        TailBasis basis{.builds = runner->builds()};
        if (const auto status = runner->status(); status.state == FlowState::kFailed)
            basis.stopped = status.reason;
        return topic_tail(topic, std::move(basis), context_.log, context_.clock);
    }
    return nullptr;
}

void Runtime::add_speeds(std::vector<FlowChange>& changes) const {
    // Of the batch that read most: what a few records take says nothing of many. A version is more.
    constexpr int64_t kLeastRecords = 100;
    for (auto& change : changes) {
        if (change.replay.from.empty()) continue;
        struct Run {
            int64_t units = 0, us = 0;
        };
        std::vector<Run> runs;
        int64_t most = 0;
        for (const auto& run : shared_->runs.newest(SIZE_MAX)) {
            if (run.flow != change.flow || run.outcome != "committed") continue;
            auto& one = runs.emplace_back(Run{0, run.elapsed.us});
            for (const auto& range : run.ranges)
                one.units += range.to - range.from;
            most = std::max(most, one.units);
        }
        // A batch of few rows costs as much as one of many.
        Run sum;
        for (const auto& run : runs) {
            if (2 * run.units < most) continue;
            sum.units += run.units;
            sum.us += run.us;
        }
        const int64_t least = change.replay.unit == "record" ? kLeastRecords : 1;
        if (most >= least && sum.us > 0)
            change.replay.units_per_second = double(sum.units) * 1e6 / double(sum.us);
    }
}

Result<bool> Runtime::step() {
    bool any = false;
    auto standing = impl();
    for (auto& [name, runner] : standing->runners) {
        TARN_TRY(bool stepped, runner->step());
        any = any || stepped;
    }
    return any;
}

}  // namespace tarn::flow
