#pragma once

// Sessions of a table's rows, appended once they are closed. The rows of a version are judged by
// the watermark of those before it (protocol.h), also when an epoch has many versions, or a part of
// one. A row is late if its event time is below watermark − grace: it is in no session, and goes
// to the table of late rows. A session is closed when watermark − grace has passed its last row by
// more than the gap: no row that is not late can belong to it any more, so the closed sessions are
// those of all rows that were not late.
//
// State: the open sessions, as state rows of the query; an epoch merges only those whose keys it
// has, and the watermark closes the others where they stand. Checkpoints of it,
// <state>/<flow>/checkpoint-<generation>-<epoch>.parquet (an empty file: no session), rarer than
// epochs; what came after the newest one that is not past the journal is run again.

#include "model_step.h"
#include "open_sessions.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::flow {

class SessionsStep final : public ModelStep {
  public:
    SessionsStep(FlowSpec spec, project::TableModel model, SourceSchema schema,
                 const RuntimeOptions& options, RuntimeContext& world,
                 std::unique_ptr<sql::MergeableQuery> query)
        : ModelStep(std::move(spec), std::move(model), std::move(schema), options, world),
          query_(std::move(query)),
          open_(query_->info().state_key, query_->info().last),
          clock_(model_.watermark, {}) {}
    Status compile() override;

  private:
    Status load_state() override;
    Status compute(const Input& input, bool replay) override;
    Status finish(const EpochPlan& plan) override;
    bool stateful() const override { return true; }
    int64_t first_to_replay() const override { return checkpoint_ + 1; }
    int64_t oldest_needed(int64_t) const override { return checkpoint_ + 1; }

    bool by_event_time() const override { return true; }

    // The rows that are on time, of all versions; the others go to the side output.
    std::vector<BatchPtr> judge(const Input& input);
    // Of some rows of a version. `limit`: what is later is early.
    BatchPtr on_time(const BatchPtr& rows, Timestamp limit, Timestamp& newest);
    static std::vector<std::vector<BatchPtr>> pieces(std::vector<BatchPtr> batches, size_t most);
    Status add(const std::vector<BatchPtr>& rows);
    Status close();
    std::string checkpoint_path(int64_t epoch) const;
    Result<std::vector<int64_t>> checkpoints() const;  // epochs, oldest first
    Status write_checkpoint(int64_t epoch);
    Status read_checkpoint(int64_t epoch);

    std::unique_ptr<sql::MergeableQuery> query_;
    OpenSessions open_;
    int64_t checkpoint_ = -1;  // epoch of the newest one that the journal's `needed` relies on
    int64_t rows_since_ = 0;
    bool replaying_ = false;
    WatermarkClock clock_;
};

}  // namespace tarn::flow
