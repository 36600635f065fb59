#include "runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "guard.h"

namespace tarn::flow {
namespace {

constexpr Duration kSettleAfter = Duration::seconds(1), kMaxWait = Duration::seconds(60);
constexpr Duration kLookAgain = Duration::millis(200);  // for those that are rebuilt before
constexpr Duration kTryAgain = Duration::seconds(1);

using Phase = RebuildOrder::Phase;

}  // namespace

Result<std::unique_ptr<Runner>> Runner::make(FlowPlan plan, RunnerContext& context) {
    std::unique_ptr<Runner> runner(new Runner(shape_of(plan), context));
    auto& parts = context.parts;
    auto& shape = runner->shape_;
    runner->every_ = plan.step->spec().every;
    TARN_TRY(runner->order_, read_order(parts.world.fs, parts.options, shape.name));
    auto& order = runner->order_;
    if (order && order->phase == Phase::kSwap) {
        TARN_RETURN_IF_ERROR(swap(shape, parts));
        order.reset();
    }
    if (order && order->phase == Phase::kBuild) {
        // The project may have changed since.
        TARN_TRY(auto begun, read_definition(parts.world.fs, parts.options.state_folder + "/" +
                                                                 rebuild_state(shape.name)));
        auto now = plan.step->spec().definition;
        if (begun && gravest(compare(*begun, now)) == Effect::kRebuild) {
            TARN_RETURN_IF_ERROR(begin_again(shape, *order, parts));
            TARN_TRY(order, read_order(parts.world.fs, parts.options, shape.name));
        }
    }
    if (order) {
        runner->keep_build(standing_build(shape, parts));
        plan = beside(std::move(plan), *order);
    } else {
        TARN_RETURN_IF_ERROR(runner->adopt(plan));
    }
    TARN_RETURN_IF_ERROR(runner->set_flow(std::move(plan)));
    runner->set_phase();
    return runner;
}

// Its sinks know a flow that stands by what it was when it began.
Status Runner::adopt(FlowPlan& plan) const {
    auto stands = read_definition(context_.parts.world.fs, plan.step->state_folder());
    // What cannot be read is told when the flow opens.
    if (stands && *stands) plan.step->set_generation((*stands)->generation);
    return {};
}

Status Runner::set_flow(FlowPlan plan) {
    auto& parts = context_.parts;
    TARN_TRY(auto made, make_parts(std::move(plan), parts));
    auto fresh = std::make_shared<Flow>(std::move(made), parts.options, parts.world, context_.runs,
                                        context_.gate);
    opened_ = false;
    MutexLock lock(mutex_);
    flow_ = std::move(fresh);
    return {};
}

void Runner::keep_build(std::optional<JournalHeader> build) {
    MutexLock lock(mutex_);
    stands_ = std::move(build);
}

std::vector<JournalHeader> Runner::builds() const {
    std::vector<JournalHeader> out;
    MutexLock lock(mutex_);
    if (stands_) out.push_back(*stands_);
    if (auto now = flow_->header()) out.push_back(*std::move(now));
    return out;
}

std::shared_ptr<Flow> Runner::flow() const {
    MutexLock lock(mutex_);
    return flow_;
}

void Runner::set_phase() { phase_ = order_ ? int(order_->phase) : -1; }

Status Runner::open() {
    if (order_) return {};  // when its turn comes
    opened_ = true;
    return flow()->open();
}

void Runner::subscribe() {
    subscribed_ = true;
    flow()->subscribe([this] { context_.wake(*this); });
}

void Runner::unsubscribe() {
    if (subscribed_) flow()->unsubscribe();
    subscribed_ = false;
}

void Runner::settle() {
    if (opened_) flow()->settle();
}

FlowStatus Runner::status() const {
    auto out = flow()->status();
    const auto phase = phase_.load();
    if (phase < 0) return out;
    out.sinks.clear();
    for (const auto& sink : shape_.sinks)
        out.sinks.push_back(sink.node);
    if (out.state != FlowState::kRunning && out.state != FlowState::kStarting) return out;
    out.state = FlowState::kRebuilding;
    std::string trouble;
    {
        MutexLock lock(mutex_);
        trouble = trouble_;
    }
    out.reason = !trouble.empty() ? trouble
                 : phase == int(Phase::kWait)
                     ? "waits until what it reads has been built anew"
                     : "builds anew beside what stands, which is read as it is until then";
    return out;
}

Result<FlowPlan> Runner::plan_again() const {
    TARN_TRY(auto plans, plans_of(context_.project, context_.parts));
    auto mine = std::ranges::find_if(
        plans, [&](const FlowPlan& plan) { return plan.step->spec().name == shape_.name; });
    if (mine == plans.end())
        return fail(ErrorCode::kInternal, "the project has the flow no longer: " + shape_.name);
    return std::move(*mine);
}

// What stands is left as it is from here on.
Status Runner::take_order() {
    auto& parts = context_.parts;
    TARN_TRY(auto order, read_order(parts.world.fs, parts.options, shape_.name));
    if (!order || order_) return {};
    const bool heard = subscribed_;
    settle();
    unsubscribe();
    TARN_TRY(auto plan, plan_again());
    keep_build(flow()->header());
    TARN_RETURN_IF_ERROR(set_flow(beside(std::move(plan), *order)));
    order_ = std::move(order);
    set_phase();
    if (heard) subscribe();
    return {};
}

Status Runner::begin_build() {
    auto& parts = context_.parts;
    auto next = *order_;
    next.phase = Phase::kBuild;
    TARN_TRY(next.target, target_of(shape_, parts));
    TARN_RETURN_IF_ERROR(keep_known(shape_, parts));
    TARN_RETURN_IF_ERROR(write_order(parts.world.fs, parts.options, next));
    order_ = std::move(next);
    set_phase();
    return parts.world.failpoints.hit("flow.rebuild.begun");
}

Status Runner::end_build() {
    auto& parts = context_.parts;
    const bool heard = subscribed_;
    unsubscribe();
    TARN_RETURN_IF_ERROR(swap(shape_, parts));
    TARN_TRY(auto plan, plan_again());
    TARN_RETURN_IF_ERROR(adopt(plan));
    keep_build(flow()->header());
    TARN_RETURN_IF_ERROR(set_flow(std::move(plan)));
    order_.reset();
    set_phase();
    parts.world.logger.info("what a flow writes was built anew", {{"flow", shape_.name}});
    opened_ = true;
    TARN_RETURN_IF_ERROR(flow()->open());
    if (heard) subscribe();
    return {};
}

Result<bool> Runner::step_rebuild() {
    auto& parts = context_.parts;
    if (order_->phase == Phase::kWait) {
        for (const auto& other : order_->after) {
            TARN_TRY(auto stands, read_order(parts.world.fs, parts.options, other));
            if (stands) return false;
        }
        TARN_RETURN_IF_ERROR(begin_build());
    }
    if (order_->phase == Phase::kBuild) {
        if (!opened_) {
            flow()->set_until(order_->target);
            opened_ = true;
            TARN_RETURN_IF_ERROR(flow()->open());
        }
        if (!flow()->reached()) return flow()->step();
        flow()->settle();
        auto next = *order_;
        next.phase = Phase::kSwap;
        TARN_RETURN_IF_ERROR(parts.world.failpoints.hit("flow.rebuild.built"));
        TARN_RETURN_IF_ERROR(write_order(parts.world.fs, parts.options, next));
        order_ = std::move(next);
        set_phase();
    }
    TARN_RETURN_IF_ERROR(end_build());
    return true;
}

Result<bool> Runner::step() {
    auto stepped = guarded([&]() -> Result<bool> {
        if (ordered_.exchange(false)) TARN_RETURN_IF_ERROR(take_order());
        if (order_) return step_rebuild();
        return flow()->step();
    });
    MutexLock lock(mutex_);
    trouble_.clear();
    if (stepped || stepped.error().code() == ErrorCode::kCancelled) return stepped;
    trouble_ = fmt::format("{} [{}]; tries again", stepped.error().message(),
                           to_string(stepped.error().id()));
    context_.parts.world.logger.error("a rebuild waits and tries again",
                                      {{"flow", shape_.name}, {"reason", stepped.error()}});
    return false;
}

Duration Runner::turn() {
    if (ended_) return Duration{-1};
    const auto& world = context_.parts.world;
    const bool rebuilds = order_ || ordered_;
    auto now = world.clock.monotonic_us();
    auto due = rebuilds ? Duration{} : flow()->due(now);
    if (due.us == 0) {
        auto stepped = step();
        if (!stepped) {
            world.logger.error("flow ended", {{"flow", name()}, {"reason", stepped.error()}});
            ended_ = true;
            return Duration{-1};
        }
        if (*stepped) busy_us_ = world.clock.monotonic_us();
        if (!rebuilds || *stepped) return {};
        // What failed is told by its state, and goes on when it is resumed.
        return phase_ == int(Phase::kSwap) ? kTryAgain : kLookAgain;
    }
    const bool idle = now - busy_us_ >= kSettleAfter.us;
    if (idle) flow()->settle();
    return due.us < 0 ? (idle ? kMaxWait : kSettleAfter) : due;
}

}  // namespace tarn::flow
