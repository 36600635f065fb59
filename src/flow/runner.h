#pragma once

// A flow's turns, and its rebuild: while an order stands, the flow that the order builds has them.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "flow.h"
#include "rebuild.h"
#include "scheduler.h"
#include "tarn/base/mutex.h"

namespace tarn::flow {

// What runners share. The referenced objects outlive them.
struct RunnerContext {
    const project::Project& project;
    PartContext& parts;
    RunLedger& runs;
    EpochGate& gate;
    std::function<void(Scheduler::Task&)> wake;
};

class Runner final : public Scheduler::Task {
  public:
    // Takes an order up where it is. Errors: those of its parts; kCancelled (a simulated crash).
    static Result<std::unique_ptr<Runner>> make(FlowPlan plan, RunnerContext& context);
    Status open();

    // An epoch, if one is due. Idle for a while: what is known to be done becomes durable, so that
    // a restart has nothing to repeat.
    Duration turn() override;
    // One epoch, or one step of a rebuild: true if there was something to do. Errors: kCancelled.
    Result<bool> step();
    std::string name() const override { return shape_.name; }
    Duration patience() const override { return every_; }

    // Any thread.
    FlowStatus status() const;
    // The builds that what it writes may be of, the newest last.
    std::vector<JournalHeader> builds() const;
    void pause() { flow()->pause(); }
    void resume() { flow()->resume(); }
    // An order for it stands on disk.
    void ordered() { ordered_ = true; }

    bool reads_topics() const { return flow()->reads_topics(); }
    void subscribe();
    void unsubscribe();
    void settle();
    void retire() { flow()->retire(); }

  private:
    Runner(FlowShape shape, RunnerContext& context) : shape_(std::move(shape)), context_(context) {}
    std::shared_ptr<Flow> flow() const;
    Status set_flow(FlowPlan plan);
    Result<FlowPlan> plan_again() const;
    Status take_order();
    Result<bool> step_rebuild();
    Status begin_build();
    Status end_build();
    Status adopt(FlowPlan& plan) const;
    void set_phase();
    void keep_build(std::optional<JournalHeader> build);

    const FlowShape shape_;
    RunnerContext& context_;
    Duration every_;
    bool subscribed_ = false, opened_ = false, ended_ = false;
    int64_t busy_us_ = INT64_MIN / 2;
    std::optional<RebuildOrder> order_;  // of the flow's thread
    std::atomic<bool> ordered_{false};
    std::atomic<int> phase_{-1};  // of the order, for status()
    mutable Mutex mutex_;
    std::shared_ptr<Flow> flow_ TARN_GUARDED_BY(mutex_);
    std::string trouble_ TARN_GUARDED_BY(mutex_);  // of the rebuild
    // The build that stands while another is made; behind that, the one that came last.
    std::optional<JournalHeader> stands_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::flow
