#pragma once

// Sessions or windows of a table's rows, appended once they are closed. The rows of a version are
// judged by the watermark of those before it (protocol.h), also when an epoch has many versions, or
// a part of one. A late row goes to the table of late rows. No row that is not late can belong to
// what is closed, so that is made of all rows that were not late.
//
//   session   a row is late if its event time is below watermark − grace; it is closed when
//             watermark − grace has passed its last row by more than the gap
//   window    a row is late if its window is closed, which it is when watermark − grace has come to
//             its end
//
// State: the open sessions or windows, as state rows of the query; an epoch merges only those whose
// keys it has, and the watermark closes the others where they stand. Past a share of memory.limit
// they go to files in <state>/<flow>/spill, which nothing after a restart depends on. Checkpoints
// of it, rarer than epochs; what came after the newest one that is not past the journal is run
// again:
//
//   checkpoint-<generation>-<epoch>.parquet      state rows; an empty file: no session; or
//   checkpoint-<generation>-<epoch>.parts        how many there are, in decimal, of
//   checkpoint-<generation>-<epoch>.<n>.parquet  state rows, n from 1: written before

#include "model_step.h"
#include "open_sessions.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::flow {

// When what a row belongs to is over.
struct Closing {
    std::string event_time;  // column of the source
    Duration gap = {};       // of sessions
    Duration size = {};      // of windows; zero: they are sessions
};

class ClosingStep final : public ModelStep {
  public:
    ClosingStep(FlowSpec spec, project::TableModel model, SourceSchema schema,
                const RuntimeOptions& options, RuntimeContext& world,
                std::unique_ptr<sql::MergeableQuery> query, Closing closing)
        : ModelStep(std::move(spec), std::move(model), std::move(schema), options, world),
          query_(std::move(query)),
          closing_(std::move(closing)),
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
    FlowMemory memory() const override { return {.sessions = int64_t(open_.spilled())}; }

    // The rows that are on time, of all versions; the others go to the side output.
    std::vector<BatchPtr> judge(const Input& input);
    // Of some rows of a version. `limit`: what is later is early.
    BatchPtr on_time(const BatchPtr& rows, Timestamp limit, Timestamp& newest);
    bool late(int64_t event_time_us, int64_t passed_us) const;
    static std::vector<std::vector<BatchPtr>> pieces(std::vector<BatchPtr> batches, size_t most);
    Status add(const std::vector<BatchPtr>& rows);
    Status close();
    // Puts the open sessions to the disk if they take more than their share.
    Status bound_memory();
    std::string checkpoint_path(int64_t epoch, std::string_view end = ".parquet") const;
    std::string part_path(int64_t epoch, int64_t part) const;
    struct CheckpointFile {
        int64_t epoch = 0;
        bool whole = false;  // it says that the checkpoint is there; else one of its parts
        std::string name;
    };
    Result<std::vector<CheckpointFile>> checkpoint_files() const;
    Status write_checkpoint(int64_t epoch);
    Status write_rows(const std::string& path, const std::vector<BatchPtr>& rows);
    Status read_checkpoint(int64_t epoch);
    Status read_rows(const std::string& path);
    Status remove_old_checkpoints();
    Result<int64_t> parts_of(int64_t epoch) const;  // 0: it is one file

    std::unique_ptr<sql::MergeableQuery> query_;
    const Closing closing_;
    OpenSessions open_;
    int64_t checkpoint_ = -1;  // epoch of the newest one that the journal's `needed` relies on
    int64_t rows_since_ = 0;
    bool replaying_ = false;
    WatermarkClock clock_;
};

}  // namespace tarn::flow
