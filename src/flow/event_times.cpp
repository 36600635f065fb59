#include "event_times.h"

#include <algorithm>

namespace tarn::flow {

Timestamp saturated(Timestamp time, Duration add) {
    int64_t sum = 0;
    if (time == kNoTime) return time;
    if (!__builtin_add_overflow(time.us, add.us, &sum)) return {sum};
    return {add.us < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max()};
}

namespace {

// On LogTime::passed: the last time at which it is not idle.
Duration awake_until(const PartitionTime& partition, Duration idle) {
    return partition.heard + (partition.newest == kNoTime ? std::min(kSettle, idle) : idle);
}

}  // namespace

bool is_idle(const PartitionTime& partition, const LogTime& log_time, Duration idle) {
    return log_time.passed > awake_until(partition, idle);
}

void show_event_times(const EventTimes& times, Duration idle,
                      std::vector<PartitionPosition>& positions) {
    const PartitionTime* least = nullptr;
    PartitionPosition* holder = nullptr;
    for (auto& position : positions) {
        const auto s = size_t(position.source), p = size_t(position.partition);
        if (s >= times.partitions.size() || p >= times.partitions[s].size()) continue;
        const auto& partition = times.partitions[s][p];
        if (partition.newest != kNoTime) position.event_time = partition.newest;
        position.still = times.log_time.passed - partition.heard;
        position.idle = is_idle(partition, times.log_time, idle);
        if (position.idle || (least && least->newest <= partition.newest)) continue;
        least = &partition;
        holder = &position;
    }
    if (holder) holder->holds_watermark = true;
}

void EventTimes::look_at(const std::vector<size_t>& counts) {
    partitions.resize(counts.size());
    for (size_t s = 0; s < counts.size(); ++s)
        partitions[s].resize(counts[s], PartitionTime{.heard = log_time.passed});
}

void EventTimes::record(EpochPlan& plan) const {
    plan.watermark = watermark;
    plan.log_time = log_time;
    plan.partitions.clear();
    for (const auto& of_source : partitions)
        plan.partitions.push_back(of_source.size());
    for (auto& range : plan.ranges)
        if (auto s = size_t(range.source), p = size_t(range.partition);
            s < partitions.size() && p < partitions[s].size())
            range.before = partitions[s][p];
}

void EventTimes::take_back(const EpochPlan& plan) {
    watermark = plan.watermark;
    log_time = plan.log_time;
    look_at(plan.partitions);
    for (const auto& range : plan.ranges)
        if (auto s = size_t(range.source), p = size_t(range.partition);
            s < partitions.size() && p < partitions[s].size())
            partitions[s][p] = range.before;
}

EventTimes EventTimes::after(const EpochDone& done) {
    return {.watermark = done.watermark, .log_time = done.log_time, .partitions = done.times};
}

void WatermarkClock::begin(EventTimes& times) {
    times_ = &times;
    look();
}

void WatermarkClock::turn(Timestamp appended) {
    auto& [passed, newest] = times_->log_time;
    if (newest != kNoTime) {
        const Duration since{saturated(appended, Duration{-newest.us}).us};
        passed = passed + std::clamp(since, Duration{0}, Duration{idle_.us / 2});
    }
    newest = appended;
    if (passed > next_idle_) look();
    move();
}

void WatermarkClock::take(size_t source, size_t partition, Timestamp newest) {
    auto& it = times_->partitions.at(source).at(partition);
    const bool looks = &it == holder_ || is_idle(it, times_->log_time, idle_);
    it.heard = times_->log_time.passed;
    it.newest = std::max(it.newest, newest);
    if (looks) look();
    move();
}

// Over all partitions: rarely, since the least changes only with its holder or with who is idle.
void WatermarkClock::look() {
    holder_ = nullptr;
    next_idle_ = {std::numeric_limits<int64_t>::max()};
    for (const auto& of_source : times_->partitions)
        for (const auto& partition : of_source) {
            if (is_idle(partition, times_->log_time, idle_)) continue;
            next_idle_ = std::min(next_idle_, awake_until(partition, idle_));
            if (!holder_ || partition.newest < holder_->newest) holder_ = &partition;
        }
    least_ = holder_ ? holder_->newest : kNoTime;
}

void WatermarkClock::move() {
    const auto at = std::min(saturated(least_, Duration{-bound_.us}), times_->log_time.newest);
    times_->watermark = std::max(times_->watermark, at);
}

}  // namespace tarn::flow
