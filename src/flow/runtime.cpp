#include "tarn/flow/runtime.h"

#include <pthread.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "flows.h"
#include "tarn/flow/error_ids.h"

namespace tarn::flow {
namespace {

// Late and quarantined records carry headers beside a record that was as large as its topic allows.
constexpr int32_t kSideHeaderBytes = 64 << 10;
constexpr Duration kSettleAfter = Duration::seconds(1);
constexpr Duration kMaxWait = Duration::seconds(60);

Result<log::TopicInfo> ensure_topic(log::Log& log, const project::Topic& topic) {
    auto standing = log.find_topic(topic.name);
    log::TopicConfig config = standing ? standing->config : log::TopicConfig();
    config.partitions = topic.partitions;
    config.retention = topic.retention;
    config.retention_bytes = topic.retention_bytes;
    if (!topic.late_of.empty() || !topic.quarantine_of.empty())
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

// A flow with its thread.
struct Runner {
    std::unique_ptr<Flow> flow;
    Mutex mutex;
    Condition wake;
    bool signalled TARN_GUARDED_BY(mutex) = false;
    bool stopping TARN_GUARDED_BY(mutex) = false;
    std::thread thread;

    void signal() {
        flow->wake();
        MutexLock lock(mutex);
        signalled = true;
        wake.notify_one();
    }
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
          cache(world.memory, options.decoded_cache_bytes) {}

    Status build(const project::Project& project) {
        for (const auto& [name, topic] : project.topics) {
            TARN_TRY(auto info, ensure_topic(world.log, topic));
            readers.emplace(
                name, std::make_unique<TopicReader>(topic, std::move(info), world.log, cache));
        }
        auto info_of = [&](const std::string& name) -> std::optional<log::TopicInfo> {
            if (name.empty()) return std::nullopt;
            return readers.at(name)->info();
        };
        for (const auto& model : project.live_models) {
            TARN_TRY(auto flow, make_live_flow(model, *readers.at(model.stream),
                                               info_of(model.late), options, world, runs));
            add(std::move(flow));
        }
        for (const auto& [name, topic] : project.topics) {
            if (topic.table)
                add(make_ingest_flow(*readers.at(name), info_of(topic.quarantine), options, world,
                                     runs));
        }
        TARN_TRY(auto models, make_models(project));
        // Holds before anything is deleted; sinks and journals as they stand. A model's source is
        // made before the model looks for it.
        for (auto& [name, runner] : runners)
            TARN_RETURN_IF_ERROR(runner->flow->open());
        for (auto& model : models) {
            TARN_RETURN_IF_ERROR(model->open());
            add(std::move(model));
        }
        return {};
    }

    // In the project's order: what a model reads is compiled before it.
    Result<std::vector<std::unique_ptr<Flow>>> make_models(const project::Project& project) {
        std::map<std::string, std::vector<codec::ColumnSpec>> tables;
        for (const auto& [name, topic] : project.topics)
            if (topic.table) tables[topic.table->name] = project::table_columns(topic);
        std::vector<std::unique_ptr<Flow>> out;
        for (const auto& model : project.table_models) {
            auto columns = tables.find(model.source);
            if (columns == tables.end()) {
                auto info = world.lake.describe(model.source);
                if (!info)
                    return fail(ErrorCode::kInvalidArgument,
                                fmt::format("{}: no topic, model or table of the lake is {}",
                                            model.file, model.source));
                columns = tables.emplace(model.source, info->columns).first;
            }
            auto& reader = table_readers[model.source];
            if (!reader)
                reader =
                    std::make_unique<TableReader>(model.source, world.lake, world.engine, cache);
            TARN_TRY(auto made, make_model_flow(model, {model.source, columns->second}, *reader,
                                                options, world, runs));
            tables[model.name] = std::move(made.table_columns);
            out.push_back(std::move(made.flow));
        }
        return out;
    }

    void add(std::unique_ptr<Flow> flow) {
        auto runner = std::make_unique<Runner>();
        runner->flow = std::move(flow);
        runners.emplace(runner->flow->name(), std::move(runner));
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

    void run(Runner& runner) {
        auto& flow = *runner.flow;
        int64_t busy_us = world.clock.monotonic_us();
        for (;;) {
            auto now = world.clock.monotonic_us();
            auto due = flow.due(now);
            if (due.us == 0) {
                {
                    MutexLock lock(runner.mutex);
                    if (runner.stopping) break;
                    runner.signalled = false;
                }
                auto stepped = flow.step();
                if (!stepped) {
                    world.logger.error("flow ended",
                                       {{"flow", flow.name()}, {"reason", stepped.error()}});
                    break;
                }
                if (*stepped) busy_us = world.clock.monotonic_us();
                continue;
            }
            // Idle for a while: what is known to be done becomes durable, so that a restart has
            // nothing to repeat.
            bool settle = now - busy_us >= kSettleAfter.us;
            if (settle) flow.settle();
            auto wait = due.us < 0 ? (settle ? kMaxWait : kSettleAfter) : due;
            MutexLock lock(runner.mutex);
            if (runner.stopping) break;
            if (!runner.signalled) runner.wake.wait_for(runner.mutex, wait);
            if (runner.stopping) break;
            runner.signalled = false;
        }
        flow.settle();
    }

    void stop() {
        for (auto& [name, runner] : runners)
            runner->flow->unsubscribe();
        for (auto& [name, runner] : runners) {
            MutexLock lock(runner->mutex);
            runner->stopping = true;
            runner->wake.notify_one();
        }
        for (auto& [name, runner] : runners)
            if (runner->thread.joinable()) runner->thread.join();
        if (!options.threads) {
            for (auto& [name, runner] : runners)
                runner->flow->settle();
        }
        stopped = true;
    }

    RuntimeOptions options;
    RuntimeContext world;
    CacheBudget cache;
    RunLedger runs;
    std::map<std::string, std::unique_ptr<TopicReader>, std::less<>> readers;
    std::map<std::string, std::unique_ptr<TableReader>, std::less<>> table_readers;
    std::map<std::string, std::unique_ptr<Runner>, std::less<>> runners;
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
    if (!impl_->options.threads) return;
    constexpr size_t kMostOfName = 15;  // of a thread's, for those who look at them from outside
    for (auto& [name, runner] : impl_->runners) {
        runner->flow->subscribe([r = runner.get()] { r->signal(); });
        runner->thread = std::thread([impl = impl_.get(), r = runner.get()] { impl->run(*r); });
        pthread_setname_np(runner->thread.native_handle(), name.substr(0, kMostOfName).c_str());
    }
}

void Runtime::stop() {
    if (!impl_->stopped) impl_->stop();
}

std::vector<FlowStatus> Runtime::list() const {
    std::vector<FlowStatus> out;
    for (const auto& [name, runner] : impl_->runners) {
        out.push_back(runner->flow->status());
        if (impl_->stopped && out.back().state != FlowState::kFailed)
            out.back().state = FlowState::kStopped;
    }
    return out;
}

std::optional<FlowStatus> Runtime::describe(std::string_view name) const {
    if (auto* runner = impl_->find(name)) return runner->flow->status();
    return std::nullopt;
}

Status Runtime::pause(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->flow->pause();
    runner->signal();
    return {};
}

Status Runtime::resume(std::string_view name) {
    TARN_TRY(auto* runner, impl_->get(name));
    runner->flow->resume();
    runner->signal();
    return {};
}

std::vector<RunRecord> Runtime::runs(size_t limit) const { return impl_->runs.newest(limit); }

Result<bool> Runtime::step() {
    bool any = false;
    for (auto& [name, runner] : impl_->runners) {
        TARN_TRY(bool stepped, runner->flow->step());
        any = any || stepped;
    }
    return any;
}

}  // namespace tarn::flow
