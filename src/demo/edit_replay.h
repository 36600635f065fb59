#pragma once

// Wikipedia's edits of demo/data (its README describes them) with their own times, sent faster than
// they happened: a day in `day`. Each round is the same day a whole day later, so that event time
// only ever grows. Values are the edits as JSON; all edits of a wiki go to one partition, in the
// order in which they were made.

#include <string>
#include <vector>

#include "load.h"
#include "tarn/base/result.h"

namespace tarn::demo {

struct ReplayShape {
    Duration day = Duration::seconds(300);
    int partitions = 1;
    int64_t first_round = 0;  // days after the data's own
    Duration slot = Duration::millis(100);
};

class EditReplay final : public Load {
  public:
    static Result<EditReplay> open(const ReplayShape& shape);

    Duration slot_length() const override { return shape_.slot; }
    std::vector<SlotBatch>& stamp(int64_t slot, Timestamp start) override;
    int64_t round() const override { return round_; }

  private:
    struct Edit {
        int64_t ms = 0;  // of its day
        std::string wiki;
        std::string json;  // what follows the event's id and time
    };
    EditReplay(const ReplayShape& shape, std::vector<Edit> edits);
    // Milliseconds since the data's day began, at the beginning of a slot.
    int64_t replayed_ms(int64_t slot) const;

    ReplayShape shape_;
    std::vector<Edit> edits_;  // by ms
    std::vector<SlotBatch> batches_;
    int64_t round_ = 0;
};

}  // namespace tarn::demo
