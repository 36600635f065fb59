#pragma once

// What a flow does with rows: a step computes an epoch's output from its input and the plan, and
// nothing else, so that a second run gives the same. It has ports, the flow's own rows first, then
// what the side output takes; each belongs to a sink, whose kind the step does not know. Used by
// the flow's thread.

#include <string>
#include <vector>

#include "definition.h"
#include "event_times.h"
#include "input.h"
#include "journal.h"
#include "sink.h"
#include "tarn/base/check.h"
#include "tarn/base/logger.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

struct FlowSpec {
    std::string name, kind;
    std::string generation, sql;
    std::string file = {}, strategy = {};  // of a model
    bool has_rules = false;  // what it rejects breaks a rule of its model, and is no dead letter
    Duration every = {};
    Duration linger = {};  // how long an idle flow waits after the first record of new input
    std::string_view trigger = "every";
    Definition definition = {};  // without a generation
    std::string state = {};      // its folder in that of states; empty: that of its name
};

class Step {
  public:
    // The referenced objects outlive the step.
    Step(FlowSpec spec, const RuntimeOptions& options, RuntimeContext& world)
        : spec_(std::move(spec)),
          options_(options),
          world_(world),
          logger_(world.logger.named("flow." + spec_.name)) {}
    virtual ~Step() = default;
    Step(const Step&) = delete;

    const FlowSpec& spec() const { return spec_; }
    std::string state_folder() const {
        return options_.state_folder + "/" + (spec_.state.empty() ? spec_.name : spec_.state);
    }
    // What it puts to the disk when memory is short, of this process's life alone.
    std::string spill_folder() const { return state_folder() + "/spill"; }
    FlowIdentity identity() const { return {spec_.name, spec_.generation, state_folder()}; }

    // Before anything runs.
    void define(Definition definition) { spec_.definition = std::move(definition); }
    // What its sinks know it by, instead of a hash of what it is.
    void set_generation(std::string generation) { spec_.generation = std::move(generation); }
    // Keeps its state in another folder.
    void set_state(std::string folder) { spec_.state = std::move(folder); }

    // For each port that has a sink, what can be read back of it (null: nothing). Once, before
    // anything runs.
    void connect(std::vector<Readable*> sinks) {
        ports_.resize(sinks.size());
        sinks_ = std::move(sinks);
    }
    const Changes& changes(size_t port) const { return ports_[port]; }
    void clear_changes() { ports_.assign(ports_.size(), {}); }
    // Of the generation, after the epoch that ran last.
    Counters& counters() { return counters_; }
    // Null while the flow begins.
    void set_journal(const Journal* journal) { journal_ = journal; }

    // Forgets all state of an earlier life, before the sinks are opened.
    virtual Status prepare() { return {}; }
    // State that is not in the journal, as of the epoch that is done. The sinks are open.
    virtual Status load_state() { return {}; }
    // Computes the epoch and leaves what it gives in the ports; with `replay` only its effect on
    // state counts.
    virtual Status run(const Input& input, bool replay) = 0;
    // After the commit, and after each replayed epoch.
    virtual Status finish(const EpochPlan&) { return {}; }
    // Whether state comes from earlier epochs, so that recovery runs them again.
    virtual bool stateful() const { return false; }
    // The oldest epoch whose input the state needs again after a crash, `newest` being the newest
    // done.
    virtual int64_t oldest_needed(int64_t newest) const { return newest + 1; }
    // The first epoch that recovery runs again: older ones are in the state that was loaded.
    virtual int64_t first_to_replay() const { return journal_->needed(); }
    // Whether its rows are judged by a watermark.
    virtual bool by_event_time() const { return false; }
    // Of these: a partition without an event for longer does not hold the watermark.
    virtual Duration idle_after() const { return {}; }
    // What of its state is on the disk.
    virtual FlowMemory memory() const { return {}; }
    // Before an epoch and, by run(), after it.
    EventTimes& event_times() { return times_; }

  protected:
    bool has_port(size_t port) const { return port < ports_.size(); }
    Changes& port(size_t port) { return ports_.at(port); }
    // What the port's sink holds. It must be one that can be read back.
    Readable& standing(size_t port) {
        TARN_CHECK(sinks_.at(port), "the step's sink can be read back");
        return *sinks_[port];
    }
    io::Failpoints& failpoints() { return world_.failpoints; }
    const Journal* journal() const { return journal_; }
    // Before it puts anything there; and what an earlier life left there goes.
    Status make_spill_folder();
    Status remove_spill_folder();
    // How many bytes its state may take in memory before it goes to the disk.
    int64_t state_share() const;

    FlowSpec spec_;
    const RuntimeOptions& options_;
    RuntimeContext& world_;
    Logger logger_;
    Counters counters_;
    EventTimes times_;

  private:
    std::vector<Changes> ports_;
    std::vector<Readable*> sinks_;
    const Journal* journal_ = nullptr;
    bool spills_ = false;  // its folder is there
};

}  // namespace tarn::flow
