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
#include "outputs.h"
#include "sinks/sink.h"
#include "sources/source.h"
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
    std::string generation, sql;
    std::string file = {}, strategy = {};  // of a model
    Duration every = {};
    Duration linger = {};  // how long an idle flow waits after the first record of new input
};

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
    // Forgets all state of an earlier life, before the sinks are opened.
    virtual Status prepare() { return {}; }
    // State that is not in the journal, as of the epoch that is done. The sinks are open.
    virtual Status load_state() { return {}; }
    // Computes the epoch and leaves what it gives in the ports; with `replay` only its effect on state counts.
    virtual Status run(const Input& input, bool replay) = 0;
    // After the commit, and after each replayed epoch.
    virtual Status finish(const EpochPlan&) { return {}; }
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

    // Ports, from the flow's own rows on to what is put aside. They are committed from the last to the first: who sees
    // an epoch's rows finds what was put aside beside them.
    void add_port(std::unique_ptr<Sink> sink);
    bool has_port(size_t port) const { return port < ports_.size(); }
    Changes& port(size_t port) { return ports_.at(port).changes; }
    FlowIdentity identity() const { return {spec_.name, spec_.generation, state_folder()}; }
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
    struct Port {
        std::unique_ptr<Sink> sink;
        Changes changes = {};  // of the epoch that ran last
    };
    Status open_all();
    Status open_sinks(bool fresh);
    Status check_sinks(int64_t newest_planned, int64_t done);
    Status commit(const EpochPlan& plan);
    void clear_ports();
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
    std::vector<Port> ports_;
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
