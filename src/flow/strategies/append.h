#pragma once

// Rows of a table as the model's SQL makes them, appended. With a column `_rejected` in the SELECT
// the rows where it is not null go to the quarantine with that text as reason. With unique_key each
// row stands once: ids of the deduplication window (of event time, behind the newest event time of
// the epochs before) are kept in memory and, past a share of memory.limit, in files in
// <state>/<flow>/spill; they are rebuilt from the table on start. An older row cannot be judged and
// goes to the quarantine. Two rows of one key whose event times are further
// apart than the window are not recognised as the same.

#include <array>
#include <optional>

#include "id_set.h"
#include "model_step.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {

class RowsStep final : public ModelStep {
  public:
    using ModelStep::ModelStep;
    Status compile() override;

  private:
    Status load_state() override;
    Status compute(const Input& input, bool replay) override;
    Status finish(const EpochPlan& plan) override;
    FlowMemory memory() const override { return {.ids = ids_ ? int64_t(ids_->ids_in_files()) : 0}; }
    Status judge(const BatchPtr& rows, const EpochPlan& plan);
    IdSet::Id id_of(const codec::Column& keys, uint32_t row) const;
    // Fills block_ with the ids of rows from `first`, and calls for their places.
    void look_up(const codec::Column& keys, uint32_t first, size_t rows);
    Status bound_memory();
    // Of rows that stand, whose event times are in [from, to) seconds.
    std::string ids_in(int64_t epoch, int64_t from);
    Status load_ids(sql::Session& session, int64_t epoch, int64_t from, int64_t to);
    // The first second that the window holds at a watermark.
    int64_t first_second(Timestamp watermark) const;
    std::string key_text(const codec::Column& column, uint32_t row) const;

    std::unique_ptr<sql::StreamStatement> statement_;
    int rejected_ = -1, key_ = -1, event_time_ = -1;  // columns of the statement's output
    std::optional<IdSet> ids_;
    std::array<IdSet::Id, 32> block_;  // of the rows that are judged now
    int64_t newest_event_us_ = INT64_MIN;
};

}  // namespace tarn::flow
