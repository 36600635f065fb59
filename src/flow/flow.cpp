#include "flow.h"
#include "tarn/flow/error_ids.h"

#include <time.h>

#include <algorithm>

#include <fmt/format.h>

namespace tarn::flow {
namespace {

constexpr Duration kFirstRetry = Duration::millis(100), kLastRetry = Duration::seconds(10);

int64_t thread_cpu_us() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return int64_t(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
}

// The place of a range in positions; null if its source or partition is not there.
Position* find(Positions& positions, const PartitionRange& range) {
    if (size_t(range.source) >= positions.size()) return nullptr;
    auto& partitions = positions[size_t(range.source)];
    return size_t(range.partition) < partitions.size() ? &partitions[size_t(range.partition)]
                                                       : nullptr;
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
            each(batch->records[i].timestamp_ms * 1000);
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
          quarantined(m.counter("tarn_flow_quarantined_records_total", "Records that do not decode",
                                {{"flow", spec.name}})),
          epochs(m.counter("tarn_flow_epochs_total", "Epochs committed in every sink",
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
    Counter &records, &late, &quarantined, &epochs, &errors;
    Gauge &lag, &running, &watermark;
    Histogram& latency;
};

Flow::Flow(std::vector<std::unique_ptr<Source>> sources, std::unique_ptr<Step> step,
           std::vector<std::unique_ptr<Sink>> sinks, const RuntimeOptions& options,
           RuntimeContext& world, RunLedger& runs)
    : sources_(std::move(sources)),
      step_(std::move(step)),
      spec_(step_->spec()),
      sinks_(std::move(sinks)),
      options_(options),
      world_(world),
      logger_(world.logger.named("flow." + spec_.name)),
      runs_(runs),
      instruments_(std::make_unique<Instruments>(world.metrics, spec_)) {
    std::vector<Readable*> readable;
    for (const auto& sink : sinks_) {
        readable.push_back(sink->readable());
        status_.sinks.push_back(sink->node());
    }
    step_->connect(std::move(readable));
    status_.name = spec_.name;
    status_.kind = spec_.kind;
    for (const auto& source : sources_)
        status_.sources.push_back(source->node());
    status_.source = status_.sources.front();
    status_.unit = sources_.front()->unit();
    status_.file = spec_.file;
    status_.strategy = spec_.strategy;
    status_.generation = spec_.generation;
    status_.sql = spec_.sql;
    status_.every = spec_.every;
}

Flow::~Flow() = default;

Status Flow::open() {
    if (auto opened = open_all(); !opened) TARN_RETURN_IF_ERROR(failed(opened.error()));
    publish();
    return {};
}

Status Flow::open_all() {
    recovered_ = false;
    pending_.reset();
    positions_.clear();
    step_->counters() = {};
    auto path = step_->state_folder() + "/journal";
    const auto& first = *sources_.front();
    TARN_TRY(journal_, Journal::open(world_.fs, world_.failpoints, path,
                                     {.node = first.node(), .position = [&first](int64_t packed) {
                                          return first.unpacked(packed);
                                      }}));
    step_->set_journal(journal_.get());
    bool fresh = journal_ == nullptr;
    TARN_RETURN_IF_ERROR(check_source_ids());
    // Also a flow that will not run holds its unread input, until someone decides.
    take_positions();
    set_holds();
    if (!fresh && (journal_->header().generation != spec_.generation ||
                   journal_->header().sources.size() != sources_.size())) {
        std::vector<std::string> sinks;
        for (const auto& sink : sinks_)
            sinks.push_back(sink->node().text());
        return fail(
            errors::kFlowChanged,
            fmt::format(
                "the flow has changed (generation {}, before {}) over sinks that hold the old "
                "one's rows: put the project back, or drop the sinks ({}) and {} to build them "
                "anew from the source",
                spec_.generation, journal_->header().generation, fmt::join(sinks, ", "), path));
    }
    TARN_RETURN_IF_ERROR(step_->prepare());
    TARN_RETURN_IF_ERROR(open_sinks(fresh));
    if (fresh) {
        JournalHeader header{.flow = spec_.name, .generation = spec_.generation};
        for (size_t s = 0; s < sources_.size(); ++s)
            header.sources.push_back({sources_[s]->node(), source_ids_[s], positions_[s]});
        TARN_TRY(journal_, Journal::create(world_.fs, world_.failpoints, path, std::move(header)));
        step_->set_journal(journal_.get());
    }
    const auto& plans = journal_->plans();
    return check_sinks(plans.empty() ? -1 : plans.back().epoch, journal_->done().epoch);
}

// Each source is the one that the flow has read so far.
Status Flow::check_source_ids() {
    source_ids_.clear();
    for (const auto& source : sources_) {
        TARN_TRY(auto id, source->id());
        auto s = source_ids_.size();
        source_ids_.push_back(id);
        if (!journal_ || s >= journal_->header().sources.size() ||
            journal_->header().sources[s].id == id)
            continue;
        return fail(errors::kSourceReplaced,
                    fmt::format("{} is not the one this flow has read: it was deleted and created "
                                "anew; drop the flow's sinks and {} to begin anew",
                                source->node().text(), step_->state_folder() + "/journal"));
    }
    return {};
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
        return fail(
            errors::kSinkAndJournalDiffer,
            fmt::format("{} stands at epoch {} of this flow, its journal at {}: one of "
                        "them was put back to another state, or another process wrote it; "
                        "put both back together, or drop the {} and {} to build it anew",
                        node.text(), at.epoch, newest_planned, node.kind, step_->state_folder()));
    }
    return {};
}

// Called again after an error: each sink ignores an epoch that it has.
Status Flow::commit(const EpochPlan& plan) {
    for (auto i = sinks_.size(); i-- > 0;)
        TARN_RETURN_IF_ERROR(sinks_[i]->commit(plan, step_->changes(i)));
    return {};
}

// Positions as the journal has them; the sources' start for a flow that begins.
void Flow::take_positions() {
    positions_.resize(sources_.size());
    for (size_t s = 0; s < sources_.size(); ++s) {
        auto& at = positions_[s];
        if (!journal_ || s >= journal_->header().sources.size()) {
            at = sources_[s]->start();
            continue;
        }
        const auto& done = journal_->done();
        at = journal_->header().sources[s].start;
        if (done.epoch >= 0 && s < done.next.size()) at = done.next[s];
        at.resize(sources_[s]->partitions());
    }
    if (!journal_) return;
    for (const auto& plan : journal_->plans())
        if (plan.epoch > journal_->done().epoch)
            for (const auto& range : plan.ranges)
                if (auto* at = find(positions_, range)) *at = range.to;
}

// The oldest input that may be read again after a crash: that of the oldest plan needed, or what is
// not planned yet.
void Flow::set_holds() {
    auto holds = positions_;
    for (size_t i = journal_ ? journal_->plans().size() : 0; i-- > 0;) {
        const auto& plan = journal_->plans()[i];
        if (plan.epoch < journal_->needed()) break;
        for (const auto& range : plan.ranges)
            if (auto* at = find(holds, range)) *at = range.from;
    }
    for (size_t s = 0; s < sources_.size(); ++s) {
        sources_[s]->hold(spec_.name, holds[s]);
        if (!recovered_) sources_[s]->passed(holds[s]);
    }
}

// What an epoch reads from the positions on: of each source while there is room, the one first that
// the epoch before had first last, so that a backlog of one does not keep others waiting.
Status Flow::read(Input& input) {
    std::vector<SourceInput> read(sources_.size());
    const auto first = size_t(journal_->done().epoch + 1) % sources_.size();
    int64_t rows = 0, bytes = 0;
    for (size_t i = 0; i < sources_.size(); ++i) {
        const auto s = (first + i) % sources_.size();
        const InputLimits limits{.rows = int64_t(options_.max_epoch_rows) - rows,
                                 .bytes = int64_t(options_.max_epoch_bytes) - bytes,
                                 .some = rows == 0 && bytes == 0};
        TARN_TRY(read[s], sources_[s]->read(positions_[s], limits));
        rows += read[s].records;
        bytes += read[s].bytes;
    }
    for (size_t s = 0; s < sources_.size(); ++s) {
        for (auto& range : read[s].ranges) {
            range.source = int32_t(s);
            input.plan.ranges.push_back(range);
        }
        input.add(int32_t(s), std::move(read[s]));
    }
    return {};
}

// What the plan's ranges say.
Status Flow::reread(Input& input) {
    const auto& ranges = input.plan.ranges;
    for (auto from = ranges.begin(); from != ranges.end();) {
        auto to = std::find_if(from, ranges.end(),
                               [&](const auto& range) { return range.source != from->source; });
        if (size_t(from->source) >= sources_.size())
            return fail(errors::kJournalDamaged,
                        fmt::format("epoch {} of a flow's journal has a source {}, the flow has {}",
                                    input.plan.epoch, from->source, sources_.size()));
        TARN_TRY(auto read, sources_[size_t(from->source)]->reread({from, to}));
        input.add(from->source, std::move(read));
        from = to;
    }
    return {};
}

bool Flow::has_more() {
    for (size_t s = 0; s < sources_.size(); ++s)
        if (sources_[s]->has_more(positions_[s])) return true;
    return false;
}

// The shortest of the sources'; negative: none asks for one.
Duration Flow::poll() const {
    Duration out{-1};
    for (const auto& source : sources_)
        if (auto poll = source->poll(); poll.us >= 0 && (out.us < 0 || poll < out)) out = poll;
    return out;
}

void Flow::subscribe(const std::function<void()>& wake) {
    for (const auto& source : sources_)
        source->subscribe(wake);
}

void Flow::unsubscribe() {
    for (const auto& source : sources_)
        source->unsubscribe();
}

Status Flow::recover() {
    const auto& plans = journal_->plans();
    const auto done = journal_->done();
    for (size_t i = 0; i < plans.size(); ++i) {
        const auto plan = plans[i];
        bool incomplete = plan.epoch > done.epoch;
        if (!incomplete && (!step_->stateful() || plan.epoch < step_->first_to_replay())) continue;
        step_->set_watermark(plan.watermark);
        step_->counters() = plan.before;
        Input input{.plan = plan};
        TARN_RETURN_IF_ERROR(reread(input));
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
    if (done.epoch >= 0) {
        step_->counters() = done.after;
        step_->set_watermark(done.watermark);
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
    auto finished = step_->finish(input.plan);
    auto newest = input.plan.epoch;
    journal_->set_done({.epoch = newest,
                        .watermark = step_->watermark(),
                        .after = step_->counters(),
                        .needed = step_->oldest_needed(newest),
                        .next = positions_});
    settled_ = false;
    observe(input);
    for (size_t s = 0; s < sources_.size(); ++s)
        sources_[s]->passed(positions_[s]);
    more_ = input.more;
    pending_.reset();
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
    instruments_->quarantined.add(double(step_->counters().quarantined - before.quarantined));
    instruments_->epochs.add();
    if (step_->watermark() != kNoWatermark)
        instruments_->watermark.set(double(step_->watermark().us) / 1e6);
    std::vector<RunRange> ranges;
    for (const auto& range : input.plan.ranges)
        ranges.push_back(
            {range.partition, range.from.at, range.to.at + (range.to.within > 0 ? 1 : 0)});
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
    woken_.store(false, std::memory_order_release);
    if (reopen_.exchange(false)) {
        retry_at_us_ = 0;
        failures_ = 0;
        {
            MutexLock lock(status_mutex_);
            status_.state = FlowState::kStarting;
            status_.reason.clear();
        }
        if (auto opened = open_all(); !opened) return failed(opened.error());
    }
    {
        MutexLock lock(status_mutex_);
        if (status_.state == FlowState::kFailed) return false;
        if (paused_) {
            status_.state = FlowState::kPaused;
            return false;
        }
    }
    auto stepped = step_inner();
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
        TARN_RETURN_IF_ERROR(recover());
    }
    if (pending_) {
        TARN_RETURN_IF_ERROR(commit_pending());
        return true;
    }
    started_ = world_.clock.now();
    started_us_ = world_.clock.monotonic_us();
    started_cpu_us_ = thread_cpu_us();
    auto input = std::make_unique<Input>();
    TARN_RETURN_IF_ERROR(read(*input));
    input_seen_us_ = -1;
    if (input->plan.ranges.empty()) return false;
    last_epoch_us_ = started_us_;
    TARN_RETURN_IF_ERROR(begin(std::move(input)));
    TARN_RETURN_IF_ERROR(commit_pending());
    return true;
}

// Makes the plan durable and runs it.
Status Flow::begin(std::unique_ptr<Input> input) {
    const auto& plans = journal_->plans();
    auto& plan = input->plan;
    plan.epoch = journal_->done().epoch + 1;
    plan.batch_time = world_.clock.now();
    if (!plans.empty())
        plan.batch_time = std::max(plan.batch_time, plans.back().batch_time + Duration::micros(1));
    plan.watermark = step_->watermark();
    plan.before = step_->counters();
    TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.plan.before"));
    TARN_RETURN_IF_ERROR(journal_->plan(plan));
    for (const auto& range : plan.ranges)
        *find(positions_, range) = range.to;
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
    if (error.code() == ErrorCode::kCancelled) return fail(error);
    instruments_->errors.add();
    // Only what has been run may be committed again; anything else must be opened anew.
    bool retry = passing(error.code()) && journal_ && recovered_;
    auto delay = Duration{std::min(kLastRetry.us, kFirstRetry.us << std::min(failures_, 10))};
    ++failures_;
    logger_.log(retry ? LogLevel::kWarn : LogLevel::kError,
                retry ? "flow waits and tries again" : "flow stopped",
                {{"code", to_string(error.code())},
                 {"reason", error},
                 {"epoch", journal_ ? journal_->done().epoch : -1}});
    retry_at_us_ = world_.clock.monotonic_us() + delay.us;
    MutexLock lock(status_mutex_);
    status_.state = retry ? FlowState::kRetrying : FlowState::kFailed;
    status_.reason = error.message();
    if (passing(error.code()) && !retry) {
        status_.state = FlowState::kRetrying;
        reopen_ = true;
    }
    return false;
}

void Flow::settle() {
    if (settled_ || !journal_ || pending_) return;
    if (auto flushed = journal_->flush(); !flushed) {
        (void)failed(flushed.error());
        return;
    }
    settled_ = true;
    set_holds();
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
    if (!recovered_ || pending_ || paused_ || more_) return {};
    if (!has_more()) return poll();
    if (input_seen_us_ < 0) input_seen_us_ = now;
    return until(std::max(last_epoch_us_ + spec_.every.us, input_seen_us_ + spec_.linger.us));
}

void Flow::pause() {
    paused_ = true;
    wake();
}

void Flow::resume() {
    paused_ = false;
    bool failed_now;
    {
        MutexLock lock(status_mutex_);
        failed_now = status_.state == FlowState::kFailed || status_.state == FlowState::kRetrying;
    }
    if (failed_now) reopen_ = true;
    wake();
}

void Flow::refresh(std::vector<PartitionPosition>& positions) const {
    for (auto& position : positions)
        if (auto end = sources_[size_t(position.source)]->end(position.partition))
            position.high_watermark = *end;
}

FlowStatus Flow::status() const {
    FlowStatus out;
    {
        MutexLock lock(status_mutex_);
        out = status_;
    }
    refresh(out.positions);
    return out;
}

void Flow::publish() {
    auto monotonic = world_.clock.monotonic_us();
    MutexLock lock(status_mutex_);
    instruments_->running.set(status_.state == FlowState::kRunning);
    if (!journal_) return;
    const auto& header = journal_->header();
    // Until recovery is through, what was done before is what is known.
    auto committed = positions_;
    if (pending_ || !recovered_) {
        if (!journal_->plans().empty() && journal_->plans().back().epoch > journal_->done().epoch) {
            for (const auto& range : journal_->plans().back().ranges)
                if (auto* at = find(committed, range)) *at = range.from;
        }
    }
    status_.positions.clear();
    for (size_t s = 0; s < committed.size(); ++s) {
        const auto& start = header.sources.size() > s ? header.sources[s].start : committed[s];
        for (size_t p = 0; p < committed[s].size(); ++p)
            status_.positions.push_back({.partition = int32_t(p),
                                         .start_offset = p < start.size() ? start[p].at : 0,
                                         .next_offset = committed[s][p].at,
                                         .source = int32_t(s)});
    }
    refresh(status_.positions);
    instruments_->lag.set(double(status_.lag()));
    const auto& done = journal_->done();
    status_.epoch = done.epoch;
    if (done.watermark != kNoWatermark) status_.watermark = done.watermark;
    status_.rows_in = done.after.rows_in;
    status_.rows_out = done.after.rows_out;
    status_.late = done.after.late;
    status_.duplicates = done.after.duplicates;
    status_.outside_horizon = done.after.outside;
    status_.quarantined = done.after.quarantined;
    if (!journal_->plans().empty()) status_.last_commit = journal_->plans().back().batch_time;
    status_.latency_p50 = latency_.quantile(monotonic, 0.5);
    status_.latency_p99 = latency_.quantile(monotonic, 0.99);
}

}  // namespace tarn::flow
