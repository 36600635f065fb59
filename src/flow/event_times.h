#pragma once

// How far event time has come in a flow, and the watermark that follows from it (protocol.h has the
// rule). Used by the flow's thread.

#include <vector>

#include "protocol.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// Sums that stop at the ends of time, of which the lower one means none.
Timestamp saturated(Timestamp time, Duration add);

// Where a flow by event time stands.
struct EventTimes {
    Timestamp watermark = kNoWatermark;
    LogTime log_time = {};
    std::vector<std::vector<PartitionTime>> partitions = {};  // by source

    // From here on the watermark looks at so many, by source. What is new counts as heard now.
    void look_at(const std::vector<size_t>& counts);
    // Writes into a plan how it stands before the plan's epoch.
    void record(EpochPlan& plan) const;
    // How it stood before the plan's epoch, if this is how it stands after it.
    void take_back(const EpochPlan& plan);
    static EventTimes after(const EpochDone& done);
};

// Whether the watermark looks past a partition: it had no event for longer than `idle`.
bool is_idle(const PartitionTime& partition, const LogTime& log_time, Duration idle);
// Writes into positions, in the order of sources and partitions or not, how far event time has come
// in each and which of them holds the watermark.
void show_event_times(const EventTimes& times, Duration idle,
                      std::vector<PartitionPosition>& positions);

// Moves the watermark as batches come, in the order of the source.
class WatermarkClock {
  public:
    WatermarkClock(Duration bound, Duration idle) : bound_(bound), idle_(idle) {}

    // Goes on from where they stand; they outlive the last take().
    void begin(EventTimes& times);
    Timestamp watermark() const { return times_->watermark; }
    // Before a batch with events is judged: when it was appended.
    void turn(Timestamp appended);
    // It has been judged: the newest of its events.
    void take(size_t source, size_t partition, Timestamp newest);

  private:
    void look();
    void move();

    const Duration bound_, idle_;
    EventTimes* times_ = nullptr;
    // Of what look() saw.
    Timestamp least_ = kNoTime;              // of those that are not idle; none: one had no event
    const PartitionTime* holder_ = nullptr;  // whose that is
    Duration next_idle_ = {};                // on LogTime::passed, before none becomes idle
};

}  // namespace tarn::flow
