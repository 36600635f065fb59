#pragma once

// One flow: protocol.h's loop of plan, run and commit, with its states. It knows no kinds: where
// rows come from is the source's, what becomes of them the step's, where they go the sinks'. step()
// belongs to one thread; status(), pause() and resume() to any.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definition.h"
#include "epoch_gate.h"
#include "journal.h"
#include "latency.h"
#include "parts.h"
#include "source_set.h"
#include "tarn/base/mutex.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// Finished epochs of all flows, the newest kept. Thread-safe.
class RunLedger {
  public:
    void add(RunRecord run);
    std::vector<RunRecord> newest(size_t limit) const;

  private:
    static constexpr size_t kKept = 2000;
    mutable Mutex mutex_;
    std::deque<RunRecord> runs_ TARN_GUARDED_BY(mutex_);
};

class Flow final {
  public:
    // The referenced objects outlive the flow. Sinks are committed from the last to the first: who
    // sees an epoch's rows finds the side output beside them.
    Flow(FlowParts parts, const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs,
         EpochGate& gate);
    ~Flow();
    Flow(const Flow&) = delete;

    // Sets holds and reads the journal; what is wrong becomes the flow's state. Before the first
    // step(). Errors: kCancelled alone (a simulated crash).
    Status open();
    // One epoch if there is input (and it is not paused or failed): true. Errors: kCancelled alone
    // (a simulated crash); every other one becomes the flow's state.
    Result<bool> step();
    // Makes what is known to be committed durable in the journal: at the end, and when idle.
    void settle();

    // The project has it no longer: its gauges say so. When nothing runs.
    void retire();

    // How long until a step makes sense: zero now, negative not before something changes.
    Duration due(int64_t monotonic_us);
    FlowStatus status() const;
    // Of its journal, once it is there.
    std::optional<JournalHeader> header() const {
        MutexLock lock(status_mutex_);
        return header_;
    }
    const std::string& name() const { return spec_.name; }
    Duration every() const { return spec_.every; }
    bool reads_topics() const;
    // Wakes the flow's owner when there may be input, until it unsubscribes.
    void subscribe(const std::function<void()>& wake);
    void unsubscribe();
    // Before open(): reads no further than these positions.
    void set_until(Positions until) { sources_.set_until(std::move(until)); }
    // Whether all up to there is in every sink. Of the flow's thread.
    bool reached() { return recovered_ && !pending_ && sources_.reached(); }
    // Kept over restarts and rebuilds.
    void pause();
    void resume();

  private:
    void keep_pause();
    struct Instruments;
    Status open_all();
    Status open_sinks(bool fresh);
    // Whether what stands can go on as the flow is now; what it then is stands in definition_.
    Status check_definition();
    Status keep_definition(bool fresh);
    Status check_sinks(int64_t newest_planned, int64_t done);
    Status commit(const EpochPlan& plan);
    Status recover();
    Status begin(std::unique_ptr<Input> input);
    Status commit_pending();
    Status complete(const Input& input);
    Result<bool> step_inner();
    Result<bool> failed(const Error& error);
    bool enter_gate();
    bool has_open_plan() const;
    void hold_room(const Input& input);
    void set_holds();
    void observe(const Input& input);
    void publish();

    SourceSet sources_;
    const std::unique_ptr<Step> step_;
    const FlowSpec& spec_;  // the step's
    const std::vector<std::unique_ptr<Sink>> sinks_;
    const std::unique_ptr<Trigger> trigger_;
    const RuntimeOptions& options_;
    RuntimeContext& world_;
    Logger logger_;
    RunLedger& runs_;
    EpochGate::Room room_;      // of the epoch under way
    double memory_ratio_ = 16;  // bytes of memory for one as stored; at first a guess
    std::unique_ptr<Journal> journal_;
    std::optional<Definition> stood_;  // on disk when the flow was opened
    Definition definition_;
    std::unique_ptr<Instruments> instruments_;
    std::unique_ptr<Input> pending_;  // planned and run, not yet in every sink
    bool recovered_ = false;
    bool settled_ = true;
    bool more_ = false;
    int64_t last_epoch_us_ = INT64_MIN / 2;  // monotonic
    int64_t input_seen_us_ = -1;
    int64_t retry_at_us_ = 0;
    int failures_ = 0;
    int64_t started_us_ = 0, started_cpu_us_ = 0;
    Timestamp started_;
    LatencyWindow latency_;
    std::atomic<bool> paused_{false}, reopen_{false};

    mutable Mutex status_mutex_;
    FlowStatus status_ TARN_GUARDED_BY(status_mutex_);
    std::optional<JournalHeader> header_ TARN_GUARDED_BY(status_mutex_);
};

}  // namespace tarn::flow
