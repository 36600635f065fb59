#pragma once

// Windows of a topic's rows, each result again when it changes; rows that came too late are its
// side output.

#include <deque>
#include <optional>

#include "step.h"
#include "tarn/sql/live_query.h"

namespace tarn::flow {

class WindowsStep final : public Step {
  public:
    static constexpr size_t kRows = 0, kLate = 1;  // ports
    // `side_partitions`: of the topic that takes late rows.
    WindowsStep(const project::LiveModel& model, const project::Topic& topic,
                int32_t side_partitions, const RuntimeOptions& options, RuntimeContext& world)
        : Step(spec_of(model, topic), options, world),
          topic_(topic),
          model_(model),
          side_partitions_(side_partitions),
          clock_(model.watermark, model.idle),
          stored_(world.metrics.gauge("tarn_flow_stored_windows",
                                      "Open windows that keep their rows on the disk, since "
                                      "memory is short",
                                      {{"flow", model.name}})) {}

    // Errors: kInvalidArgument, kUnsupported, with the model's file: what its author must change.
    Status compile();
    // Columns of the topic that it reads, once it is compiled.
    const std::vector<codec::ColumnSpec>& input() const { return query_->info().input; }
    // What its rows are, once it is compiled: the key is the window's start, then the other groups.
    view::ViewSpec view() const;

    Status prepare() override;
    Status run(const Input& input, bool replay) override;
    Status finish(const EpochPlan& plan) override;
    bool stateful() const override { return true; }
    int64_t oldest_needed(int64_t newest) const override;
    bool by_event_time() const override { return true; }
    Duration idle_after() const override { return model_.idle; }
    FlowMemory memory() const override {
        return {.windows = query_ ? int64_t(query_->stored_windows()) : 0};
    }

  private:
    static FlowSpec spec_of(const project::LiveModel& model, const project::Topic& topic);
    // What the watermark says of the rows of a chunk.
    struct Judged {
        std::vector<sql::LiveQuery::RowsJudged> rows = {};  // all of them, early ones too
        std::vector<uint32_t> early = {};
    };
    std::vector<Judged> judge(const Input& input);
    std::vector<Judged> judge_by_epoch(const Input& input);
    // Whether some of the records before this one are not judged yet.
    static bool has_rows(const InputBatch& chunk, const Judged& judged, size_t records_to);
    void judge_batch(const InputBatch& chunk, Timestamp limit, size_t records_to, Judged& judged,
                     Timestamp& newest);
    Status add(const InputBatch& chunk, const Judged& judged);
    Status add_rows(const InputBatch& chunk, const codec::ColumnBatch& rows,
                    std::span<const uint32_t> places, const Judged& judged,
                    std::span<const sql::LiveQuery::RowsJudged> ranges);
    // `why`: "late", "early" or what a value was refused for.
    Status put_to_side(const InputBatch& chunk, const Judged& judged, uint32_t row,
                       const std::string& why);
    void count_refusals(bool replay);
    const int64_t* event_times_of(const codec::ColumnBatch& rows) const;
    std::optional<Timestamp> remove_before() const;
    Status choose_store();
    Status compute(const Input& input, bool replay);

    const project::Topic& topic_;  // the reader's
    const project::LiveModel model_;
    const int32_t side_partitions_;
    std::unique_ptr<sql::LiveQuery> query_;
    bool used_ = false;  // query_ has seen rows
    WatermarkClock clock_;
    Gauge& stored_;
    bool first_ = true;  // nothing was taken since the flow was opened
    // Memory ran out: windows keep their rows until the watermark has passed this and there is
    // room.
    std::optional<Timestamp> store_until_;
    int halvings_ = 0;  // of the memory for results: how often of late it ran out

    // Of the epoch that ran last.
    Timestamp newest_event_ = kNoTime;
    std::optional<SideRecords> side_rows_;
    std::vector<uint32_t> late_rows_;
    std::vector<sql::RefusedRow> refused_rows_;
    std::vector<std::string> refusals_;  // of rows and groups

    struct Span {
        int64_t epoch = 0;
        Timestamp newest_event;
    };
    std::deque<Span> spans_;  // epochs that may have rows in open windows
};

}  // namespace tarn::flow
