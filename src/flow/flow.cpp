#include "flow.h"

#include <time.h>

#include <algorithm>

#include <fmt/format.h>

#include "guard.h"
#include "shortage.h"

namespace tarn::errors {
extern const ErrorId kSinkAndJournalDiffer;
extern const ErrorId kFlowChanged;
extern const ErrorId kSourceReplaced;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

constexpr Duration kFirstRetry = Duration::millis(100), kLastRetry = Duration::seconds(10);

// Of an epoch's input: what a flow makes of it takes as much again.
constexpr int64_t kOfInput = 2;
constexpr int64_t kLeastRead = 64 << 10;  // bytes as stored

int64_t thread_cpu_us() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return int64_t(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
}

constexpr size_t kLatencySamples = 64;  // of each batch

// When samples of the input came: a record's timestamp, or the commit that brought the rows.
template <class F>
void for_arrivals(const Input& input, F&& each) {
    for (const auto& [source, batch] : input.parts) {
        if (batch->records.empty()) {
            each(batch->arrived.us);
            continue;
        }
        auto stride = std::max<size_t>(1, batch->records.size() / kLatencySamples);
        for (size_t i = 0; i < batch->records.size(); i += stride)
            each(record_time(batch->records[i]).us);
    }
}

bool passing(ErrorCode code) {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kResourceExhausted ||
           code == ErrorCode::kIo;
}

}  // namespace

void RunLedger::add(RunRecord run) {
    MutexLock lock(mutex_);
    runs_.push_front(std::move(run));
    if (runs_.size() > kKept) runs_.pop_back();
}

std::vector<RunRecord> RunLedger::newest(size_t limit) const {
    MutexLock lock(mutex_);
    return {runs_.begin(), runs_.begin() + ptrdiff_t(std::min(limit, runs_.size()))};
}

struct Flow::Instruments {
    Instruments(Metrics& m, const FlowSpec& spec)
        : records(m.counter("tarn_flow_records_total", "Records read by a flow",
                            {{"flow", spec.name}})),
          late(m.counter("tarn_flow_late_rows_total", "Rows in no window: late or early",
                         {{"flow", spec.name}})),
          rejected(spec.has_rules
                       ? m.counter("tarn_flow_quarantined_rows_total",
                                   "Rows that break a rule of their model", {{"flow", spec.name}})
                       : m.counter("tarn_flow_dead_letters_total", "Records that do not decode",
                                   {{"flow", spec.name}})),
          epochs(m.counter("tarn_flow_batches_total", "Batches committed in every sink",
                           {{"flow", spec.name}})),
          errors(m.counter("tarn_flow_errors_total", "Errors that made a flow retry or stop",
                           {{"flow", spec.name}})),
          lag(m.gauge("tarn_flow_lag_records", "Records not yet committed in every sink",
                      {{"flow", spec.name}})),
          running(m.gauge("tarn_flow_running", "1 while the flow runs, 0 in any other state",
                          {{"flow", spec.name}})),
          watermark(m.gauge("tarn_flow_watermark_seconds", "Watermark of a live flow, since 1970",
                            {{"flow", spec.name}})),
          latency(m.histogram(
              "tarn_flow_latency_seconds", "Record timestamp to commit, sampled",
              {0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300},
              {{"flow", spec.name}})) {}
    Counter &records, &late, &rejected, &epochs, &errors;
    Gauge &lag, &running, &watermark;
    Histogram& latency;
};

Flow::Flow(FlowParts parts, const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs,
           EpochGate& gate)
    : sources_(std::move(parts.sources)),
      step_(std::move(parts.step)),
      spec_(step_->spec()),
      sinks_(std::move(parts.sinks)),
      trigger_(std::move(parts.trigger)),
      options_(options),
      world_(world),
      logger_(world.logger.named("flow." + spec_.name)),
      runs_(runs),
      room_(gate),
      instruments_(std::make_unique<Instruments>(world.metrics, spec_)) {
    std::vector<Readable*> readable;
    for (const auto& sink : sinks_) {
        readable.push_back(sink->readable());
        status_.sinks.push_back(sink->node());
    }
    step_->connect(std::move(readable));
    status_.name = spec_.name;
    status_.kind = spec_.kind;
    status_.sources = sources_.nodes();
    status_.source = status_.sources.front();
    status_.unit = sources_.unit();
    status_.file = spec_.file;
    status_.strategy = spec_.strategy;
    status_.generation = spec_.generation;
    status_.sql = spec_.sql;
    status_.every = spec_.every;
    paused_ = world_.fs.exists(step_->state_folder() + kPausedMark);
}

Flow::~Flow() = default;

bool Flow::reads_topics() const {
    return std::ranges::all_of(sources_.nodes(),
                               [](const Node& node) { return node.kind == kTopicKind; });
}

Status Flow::open() {
    if (auto opened = guarded([&] { return open_all(); }); !opened)
        TARN_RETURN_IF_ERROR(failed(opened.error()));
    publish();
    return {};
}

Status Flow::open_all() {
    recovered_ = false;
    pending_.reset();
    step_->counters() = {};
    auto path = step_->state_folder() + "/journal";
    TARN_TRY(journal_, Journal::open(world_.fs, world_.failpoints, path, sources_.old()));
    step_->set_journal(journal_.get());
    bool fresh = journal_ == nullptr;
    step_->event_times() = fresh ? EventTimes() : EventTimes::after(journal_->done());
    const auto opened = sources_.open(journal_.get(), step_->state_folder());
    // Also a flow that will not run holds its unread input, until someone decides.
    if (opened || opened.error().id() != errors::kSourceReplaced) set_holds();
    TARN_RETURN_IF_ERROR(opened);
    TARN_TRY(stood_, read_definition(world_.fs, step_->state_folder()));
    definition_ = spec_.definition;
    definition_.generation = spec_.generation;
    if (!fresh) TARN_RETURN_IF_ERROR(check_definition());
    TARN_RETURN_IF_ERROR(step_->prepare());
    TARN_RETURN_IF_ERROR(open_sinks(fresh));
    if (fresh) {
        TARN_RETURN_IF_ERROR(keep_definition(fresh));
        JournalHeader header{
            .flow = spec_.name, .generation = spec_.generation, .sources = sources_.starts()};
        TARN_TRY(journal_, Journal::create(world_.fs, world_.failpoints, path, std::move(header)));
        step_->set_journal(journal_.get());
    }
    const auto& plans = journal_->plans();
    TARN_RETURN_IF_ERROR(
        check_sinks(plans.empty() ? -1 : plans.back().epoch, journal_->done().epoch));
    return fresh ? Status() : keep_definition(fresh);
}

Status Flow::check_definition() {
    const auto& header = journal_->header();
    auto changed = [&](const std::string& what) {
        return fail(errors::kFlowChanged,
                    fmt::format("what {} holds was made otherwise: {}. `tarn flow rebuild {}` "
                                "builds it anew beside what stands, or put the project back",
                                sinks_.front()->node().text(), what, spec_.name));
    };
    if (header.generation != spec_.generation)
        return changed(stood_ ? "its journal is of another build than its definition"
                              : "the SQL, columns or settings have changed");
    if (header.sources.size() != status_.sources.size()) return changed("it has other sources");
    // What is on the disk may be of a version that gave other types.
    auto changes = stood_ ? compare(*stood_, definition_) : std::vector<Change>();
    for (const auto& sink : sinks_) {
        TARN_TRY(auto differences, sink->differences());
        add_sink_changes(std::move(differences), spec_.strategy, changes);
    }
    if (gravest(changes) == Effect::kRebuild) return changed(text_of(changes, Effect::kRebuild));
    if (!stood_) return {};
    definition_.since = stood_->since;
    for (const auto& name : {"late", "quarantine"}) {
        const auto& now = definition_.settings[name];
        if (!now.empty() && now != stood_->settings[name])
            definition_.since[table_node(now).id()] = journal_->done().epoch;
    }
    for (const auto& change : changes)
        logger_.info("the flow has changed and goes on", {{"change", change.what}});
    return {};
}

Status Flow::keep_definition(bool fresh) {
    if (!fresh && stood_ && *stood_ == definition_) return {};
    TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.definition.before"));
    TARN_RETURN_IF_ERROR(write_definition(world_.fs, step_->state_folder(), definition_));
    stood_ = definition_;
    return world_.failpoints.hit("flow.definition.after");
}

Status Flow::open_sinks(bool fresh) {
    step_->clear_changes();
    for (auto sink = sinks_.rbegin(); sink != sinks_.rend(); ++sink)
        TARN_RETURN_IF_ERROR((*sink)->open(fresh));
    return step_->load_state();
}

// Each sink has all that is done, and nothing that was never planned.
Status Flow::check_sinks(int64_t newest_planned, int64_t done) {
    for (const auto& sink : sinks_) {
        TARN_TRY(auto at, sink->epoch());
        if ((at.epoch >= done || !at.every) && at.epoch <= newest_planned) continue;
        auto node = sink->node();
        // One that came later begins behind that batch.
        auto since = definition_.since.find(node.id());
        if (since != definition_.since.end() && done <= since->second && at.epoch < done) continue;
        return fail(errors::kSinkAndJournalDiffer,
                    fmt::format("{} stands at batch {} of this flow, its journal at {}: one of "
                                "them was put back to another state, or another process wrote it; "
                                "put both back together from one backup, or `tarn flow rebuild {}` "
                                "builds it anew",
                                node.text(), at.epoch, newest_planned, spec_.name));
    }
    return {};
}

// Called again after an error: each sink ignores an epoch that it has.
Status Flow::commit(const EpochPlan& plan) {
    for (auto i = sinks_.size(); i-- > 0;)
        TARN_RETURN_IF_ERROR(sinks_[i]->commit(plan, step_->changes(i)));
    return {};
}

Status Flow::recover() {
    const auto& plans = journal_->plans();
    const auto done = journal_->done();
    auto& times = step_->event_times();
    times = EventTimes::after(done);
    const auto first = step_->stateful() ? step_->first_to_replay() : done.epoch + 1;
    auto from = plans.size();
    for (; from > 0 && plans[from - 1].epoch >= std::min(first, done.epoch + 1); --from)
        times.take_back(plans[from - 1]);
    for (auto i = from; i < plans.size(); ++i) {
        const auto plan = plans[i];
        bool incomplete = plan.epoch > done.epoch;
        times.look_at(plan.partitions);
        step_->counters() = plan.before;
        Input input{.plan = plan};
        TARN_RETURN_IF_ERROR(sources_.reread(input));
        hold_room(input);
        TARN_RETURN_IF_ERROR(step_->run(input, !incomplete));
        if (incomplete) {
            pending_ = std::make_unique<Input>(std::move(input));
            started_ = world_.clock.now();
            started_us_ = world_.clock.monotonic_us();
            started_cpu_us_ = thread_cpu_us();
            recovered_ = true;
            return {};  // its commit follows, as of any other epoch
        }
        step_->clear_changes();
        TARN_RETURN_IF_ERROR(step_->finish(plan));
    }
    room_.release();
    if (done.epoch >= 0) {
        step_->counters() = done.after;
        times = EventTimes::after(done);
    }
    recovered_ = true;
    return {};
}

Status Flow::commit_pending() {
    TARN_RETURN_IF_ERROR(commit(pending_->plan));
    return complete(*pending_);
}

Status Flow::complete(const Input& input) {
    step_->clear_changes();
    recovered_ = false;  // until all of it is known
    auto finished = step_->finish(input.plan);
    auto newest = input.plan.epoch;
    const auto& times = step_->event_times();
    journal_->set_done({.epoch = newest,
                        .watermark = times.watermark,
                        .after = step_->counters(),
                        .needed = step_->oldest_needed(newest),
                        .next = sources_.positions(),
                        .log_time = times.log_time,
                        .times = times.partitions});
    settled_ = false;
    observe(input);
    sources_.passed();
    more_ = input.more;
    pending_.reset();
    room_.release();
    failures_ = 0;
    recovered_ = finished.has_value();  // else its state is unknown
    return finished;
}

void Flow::observe(const Input& input) {
    auto now = world_.clock.now();
    auto monotonic = world_.clock.monotonic_us();
    size_t samples = 0;
    for_arrivals(input, [&](int64_t arrived_us) {
        latency_.observe(monotonic, now.us - arrived_us);
        if (samples++ % 4 == 0) instruments_->latency.observe(double(now.us - arrived_us) / 1e6);
    });
    const auto& before = input.plan.before;
    instruments_->records.add(double(step_->counters().rows_in - before.rows_in));
    instruments_->late.add(double(step_->counters().late - before.late));
    instruments_->rejected.add(double(step_->counters().rejected - before.rejected));
    instruments_->epochs.add();
    if (auto watermark = step_->event_times().watermark; watermark != kNoWatermark)
        instruments_->watermark.set(double(watermark.us) / 1e6);
    std::vector<RunRange> ranges;
    for (const auto& range : input.plan.ranges)
        ranges.push_back(
            {range.partition, range.from.at, range.to.at + (range.to.within != 0 ? 1 : 0)});
    runs_.add({.flow = spec_.name,
               .epoch = input.plan.epoch,
               .started = started_,
               .elapsed = {monotonic - started_us_},
               .cpu = {thread_cpu_us() - started_cpu_us_},
               .rows_in = step_->counters().rows_in - before.rows_in,
               .rows_out = step_->counters().rows_out - before.rows_out,
               .bytes_in = input.bytes,
               .outcome = "committed",
               .ranges = std::move(ranges)});
}

Result<bool> Flow::step() {
    if (reopen_.exchange(false)) {
        retry_at_us_ = 0;
        failures_ = 0;
        {
            MutexLock lock(status_mutex_);
            status_.state = FlowState::kStarting;
            status_.reason.clear();
        }
        if (auto opened = guarded([&] { return open_all(); }); !opened)
            return failed(opened.error());
    }
    if (paused_) room_.release();  // nobody waits for one who waits
    {
        MutexLock lock(status_mutex_);
        if (status_.state == FlowState::kFailed) return false;
        if (paused_) {
            status_.state = FlowState::kPaused;
            return false;
        }
    }
    auto stepped = guarded([&] { return step_inner(); });
    if (!stepped) return failed(stepped.error());
    {
        MutexLock lock(status_mutex_);
        status_.state = FlowState::kRunning;
        status_.reason.clear();
    }
    publish();
    return *stepped;
}

Result<bool> Flow::step_inner() {
    if (!recovered_) {
        if (!enter_gate()) return false;
        TARN_RETURN_IF_ERROR(recover());
    }
    if (pending_) {
        TARN_RETURN_IF_ERROR(commit_pending());
        return true;
    }
    if (!enter_gate()) return false;
    started_ = world_.clock.now();
    started_us_ = world_.clock.monotonic_us();
    started_cpu_us_ = thread_cpu_us();
    auto input = std::make_unique<Input>();
    const InputLimits most{
        .rows = int64_t(options_.max_epoch_rows),
        .bytes = std::min(int64_t(options_.max_epoch_bytes),
                          std::max(kLeastRead, int64_t(double(room_.bytes()) / memory_ratio_)))};
    TARN_RETURN_IF_ERROR(sources_.read(journal_->done().epoch + 1, most, *input));
    input_seen_us_ = -1;
    if (input->plan.ranges.empty()) {
        room_.release();
        return false;
    }
    hold_room(*input);
    last_epoch_us_ = started_us_;
    TARN_RETURN_IF_ERROR(begin(std::move(input)));
    TARN_RETURN_IF_ERROR(commit_pending());
    return true;
}

// False: it is not its turn yet. Whose last epoch is longest ago, by what it wants, is first.
bool Flow::enter_gate() { return room_.enter(last_epoch_us_ + spec_.every.us); }

void Flow::subscribe(const std::function<void()>& wake) {
    sources_.subscribe(wake);
    room_.on_room(wake);
}

void Flow::unsubscribe() {
    room_.on_room({});
    sources_.unsubscribe();
}

// Now that it is known what was read.
void Flow::hold_room(const Input& input) {
    int64_t bytes = 0;
    for (const auto& part : input.parts)
        bytes += int64_t(part.batch->memory_bytes());
    bytes *= kOfInput;
    room_.resize(bytes);
    if (input.bytes <= 0) return;
    const auto ratio = std::max(1.0, double(bytes) / double(input.bytes));
    memory_ratio_ = std::max(ratio, (3 * memory_ratio_ + ratio) / 4);
}

// Makes the plan durable and runs it.
Status Flow::begin(std::unique_ptr<Input> input) {
    auto& plan = input->plan;
    plan.epoch = journal_->done().epoch + 1;
    plan.batch_time = world_.clock.now();
    if (step_->by_event_time()) step_->event_times().look_at(sources_.partitions());
    step_->event_times().record(plan);
    plan.before = step_->counters();
    TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.plan.before"));
    TARN_RETURN_IF_ERROR(journal_->plan(plan));
    sources_.advance(plan);
    // From here on the epoch must be completed. Should run() fail, the state is unknown: the flow
    // is opened anew.
    recovered_ = false;
    TARN_RETURN_IF_ERROR(journal_->forget(options_.journal_rewrite_bytes));
    TARN_RETURN_IF_ERROR(step_->run(*input, false));
    recovered_ = true;
    set_holds();
    pending_ = std::move(input);
    return {};
}

Result<bool> Flow::failed(const Error& error) {
    room_.release();
    if (error.code() == ErrorCode::kCancelled) return fail(error);
    instruments_->errors.add();
    // Only what has been run may be committed again; anything else must be opened anew.
    const bool again = passing(error.code());
    const bool retry = again && journal_ && recovered_ && (pending_ || !has_open_plan());
    auto delay = Duration{std::min(kLastRetry.us, kFirstRetry.us << std::min(failures_, 10))};
    ++failures_;
    logger_.log(again ? LogLevel::kWarn : LogLevel::kError,
                again ? "flow waits and tries again" : "flow stopped",
                {{"code", to_string(error.code())},
                 {"reason", with_holders(error, world_.engine)},
                 {"batch_id", journal_ ? journal_->done().epoch : -1}});
    retry_at_us_ = world_.clock.monotonic_us() + delay.us;
    MutexLock lock(status_mutex_);
    status_.state = retry ? FlowState::kRetrying : FlowState::kFailed;
    status_.reason = fmt::format("{} [{}]", error.message(), to_string(error.id()));
    if (again && !retry) {
        status_.state = FlowState::kRetrying;
        reopen_ = true;
    }
    return false;
}

// Whether an epoch is planned and not done.
bool Flow::has_open_plan() const {
    const auto& plans = journal_->plans();
    return !plans.empty() && plans.back().epoch > journal_->done().epoch;
}

void Flow::set_holds() { sources_.hold(spec_.name, journal_.get(), !recovered_); }

void Flow::settle() {
    if (settled_ || !journal_ || pending_) return;
    auto flushed = guarded([&]() -> Status {
        TARN_RETURN_IF_ERROR(journal_->flush());
        set_holds();
        return {};
    });
    if (!flushed) {
        (void)failed(flushed.error());
        return;
    }
    settled_ = true;
}

void Flow::retire() {
    instruments_->running.set(0);
    instruments_->lag.set(0);
}

Duration Flow::due(int64_t now) {
    constexpr Duration kNever{-1};
    auto until = [now](int64_t at) { return Duration{std::max<int64_t>(0, at - now)}; };
    FlowState state;
    {
        MutexLock lock(status_mutex_);
        state = status_.state;
    }
    if (state == FlowState::kRetrying) return until(retry_at_us_);
    if (reopen_) return {};
    if (state == FlowState::kPaused && !paused_) return {};
    if (state == FlowState::kFailed || state == FlowState::kPaused) return kNever;
    if (!paused_ && room_.waits()) return kNever;  // it will be woken
    if (!recovered_ || pending_ || paused_ || more_) return {};
    // What cannot be asked is tried, so that the error becomes the flow's.
    if (!guarded([&]() -> Result<bool> { return sources_.has_more(); }).value_or(true))
        return sources_.poll();
    if (input_seen_us_ < 0) input_seen_us_ = now;
    return trigger_->wait({now, last_epoch_us_, input_seen_us_});
}

void Flow::pause() {
    paused_ = true;
    keep_pause();
}

// Over restarts: a mark in the flow's folder.
void Flow::keep_pause() {
    auto& fs = world_.fs;
    const auto folder = step_->state_folder(), mark = folder + kPausedMark;
    auto kept = [&]() -> Status {
        if (fs.exists(mark) == paused_) return {};
        TARN_RETURN_IF_ERROR(fs.create_folders(folder));
        TARN_RETURN_IF_ERROR(paused_ ? fs.replace(mark, "") : fs.remove(mark));
        return fs.sync_folder(folder);
    }();
    if (!kept)
        logger_.warn("whether the flow is paused is not kept over a restart",
                     {{"paused", paused_.load()}, {"reason", kept.error().message()}});
}

void Flow::resume() {
    paused_ = false;
    keep_pause();
    bool failed_now;
    {
        MutexLock lock(status_mutex_);
        failed_now = status_.state == FlowState::kFailed || status_.state == FlowState::kRetrying;
    }
    if (failed_now) reopen_ = true;
}

FlowStatus Flow::status() const {
    FlowStatus out;
    {
        MutexLock lock(status_mutex_);
        out = status_;
    }
    sources_.refresh(out.positions);
    out.memory.waits = room_.waits();
    out.shortage = shortage_text(out.memory, world_.memory.get(), world_.engine);
    return out;
}

void Flow::publish() {
    auto monotonic = world_.clock.monotonic_us();
    MutexLock lock(status_mutex_);
    instruments_->running.set(status_.state == FlowState::kRunning);
    if (!journal_) return;
    if (!header_) header_ = journal_->header();
    // Until recovery is through, what was done before is what is known.
    const bool open = (pending_ || !recovered_) && has_open_plan();
    status_.positions = sources_.shown(*journal_, open ? &journal_->plans().back() : nullptr);
    instruments_->lag.set(double(status_.lag()));
    const auto& done = journal_->done();
    if (step_->by_event_time())
        show_event_times(EventTimes::after(done), step_->idle_after(), status_.positions);
    status_.epoch = done.epoch;
    if (done.watermark != kNoWatermark) status_.watermark = done.watermark;
    status_.rows_in = done.after.rows_in;
    status_.rows_out = done.after.rows_out;
    status_.late = done.after.late;
    status_.duplicates = done.after.duplicates;
    status_.outside_window = done.after.outside;
    (spec_.has_rules ? status_.quarantined : status_.dead_letters) = done.after.rejected;
    if (!journal_->plans().empty()) status_.last_commit = journal_->plans().back().batch_time;
    status_.memory = step_->memory();
    status_.latency_p50 = latency_.quantile(monotonic, 0.5);
    status_.latency_p99 = latency_.quantile(monotonic, 0.99);
}

}  // namespace tarn::flow
