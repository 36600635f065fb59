#pragma once

// One flow: protocol.h's loop of plan, run and commit, with its states. What it does with rows is
// up to ColdFlow and HotFlow. step() belongs to one thread; status(), pause() and resume() to any.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "journal.h"
#include "latency.h"
#include "rows.h"
#include "source.h"
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

struct FlowSpec {
    std::string name, kind;
    std::vector<Node> sinks;
    std::string generation, sql;
    std::string file = {}, strategy = {};  // of a model
    Duration every = {};
    Duration linger = {};  // how long an idle flow waits after the first record of new input
};

// 16 hexadecimal digits of what a flow's results depend on.
std::string generation_of(std::string_view description);
// The log's writer id of a flow's sink; never 0.
int64_t writer_id(std::string_view flow, std::string_view generation, std::string_view sink);

class Flow {
  public:
    // The referenced objects outlive the flow.
    Flow(FlowSpec spec, std::unique_ptr<Source> source, const RuntimeOptions& options,
         RuntimeContext& world, RunLedger& runs);
    virtual ~Flow();
    Flow(const Flow&) = delete;

    // Sets holds and reads the journal; what is wrong becomes the flow's state. Before the first
    // step(). Errors: kCancelled alone (a simulated crash).
    Status open();
    // One epoch if there is input (and it is not paused or failed): true. Errors: kCancelled alone
    // (a simulated crash); every other one becomes the flow's state.
    Result<bool> step();
    // Makes what is known to be committed durable in the journal: at the end, and when idle.
    void settle();

    // How long until a step makes sense: zero now, negative not before something changes.
    Duration due(int64_t monotonic_us);
    // There may be new input. Any thread.
    void wake() { woken_.store(true, std::memory_order_release); }

    FlowStatus status() const;
    const std::string& name() const { return spec_.name; }
    Source& source() { return *source_; }
    void pause();
    void resume();

  protected:
    // Opens sinks and forgets all state of an earlier life. `fresh`: no journal stands, so no sink
    // may have an epoch.
    virtual Status open_sinks(bool fresh) = 0;
    // The epoch up to which the sinks stand: `plan.epoch` or one below, or they do not fit the
    // journal.
    virtual Status check_sinks(int64_t newest_planned, int64_t done) = 0;
    // Computes the epoch and keeps its output for commit(); with `replay` only its effect on state.
    virtual Status run(const Input& input, bool replay) = 0;
    // Hands the output to each sink; called again after an error. Every step of it may have been
    // done before.
    virtual Status commit(const EpochPlan& plan) = 0;
    // After the commit, and after each replayed epoch.
    virtual Status finish(const EpochPlan& plan) = 0;
    // Whether state comes from earlier epochs, so that recovery runs them again.
    virtual bool stateful() const { return false; }
    // The oldest epoch whose input the state needs again after a crash, `newest` being the newest
    // done.
    virtual int64_t oldest_needed(int64_t newest) const { return newest + 1; }
    // The first epoch that recovery runs again: older ones are in the state that open_sinks() read.
    virtual int64_t first_to_replay() const { return journal_->needed(); }
    // The plan's watermark, and the one after the epoch that ran.
    virtual Timestamp watermark() const { return kNoWatermark; }
    virtual void set_watermark(Timestamp) {}

    // Appends to a topic of the flow's own; waits until durable. Errors: kUnavailable (retry),
    // kFailedPrecondition.
    Status append_side(const log::TopicInfo& topic, std::string_view sink, int64_t epoch,
                       const SideRecords& records);
    std::string app_id() const { return spec_.name + "/" + spec_.generation; }
    io::Failpoints& failpoints() { return world_.failpoints; }
    // Null while the flow begins.
    const Journal* journal() const { return journal_.get(); }
    std::string state_folder() const { return options_.state_folder + "/" + spec_.name; }

    const FlowSpec spec_;
    const std::unique_ptr<Source> source_;
    const RuntimeOptions& options_;
    RuntimeContext& world_;
    Logger logger_;
    Counters counters_;  // after the epoch that ran last

  private:
    struct Instruments;
    Status open_all();
    Status recover();
    Status begin(std::unique_ptr<Input> input);
    Status commit_pending();
    Status complete(const Input& input);
    Result<bool> step_inner();
    Result<bool> failed(const Error& error);
    void take_positions();
    void set_holds();
    void observe(const Input& input);
    void publish();

    RunLedger& runs_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Instruments> instruments_;
    std::vector<int64_t> positions_;  // next offset to plan, by partition
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
    std::atomic<bool> woken_{true}, paused_{false}, reopen_{false};

    mutable Mutex status_mutex_;
    FlowStatus status_ TARN_GUARDED_BY(status_mutex_);
};

}  // namespace tarn::flow
