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
          side_partitions_(side_partitions) {}

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
    Timestamp watermark() const override { return watermark_; }
    void set_watermark(Timestamp watermark) override { watermark_ = watermark; }

  private:
    static FlowSpec spec_of(const project::LiveModel& model, const project::Topic& topic);
    Status add(const InputBatch& chunk, const EpochPlan& plan);
    Status add_rows(const InputBatch& chunk, const codec::ColumnBatch& rows,
                    std::span<const uint32_t> places, const EpochPlan& plan);
    // `why`: "late", "early" or what a value was refused for.
    Status put_to_side(const InputBatch& chunk, const EpochPlan& plan, uint32_t row,
                       int64_t event_time_us, const std::string& why);
    void count_refusals(bool replay);
    std::optional<Timestamp> remove_before() const;

    const project::Topic& topic_;  // the reader's
    const project::LiveModel model_;
    const int32_t side_partitions_;
    std::unique_ptr<sql::LiveQuery> query_;
    bool used_ = false;  // query_ has seen rows
    Timestamp watermark_ = kNoWatermark;

    // Of the epoch that ran last.
    int64_t newest_event_us_ = INT64_MIN;
    std::optional<SideRecords> side_rows_;
    std::vector<uint32_t> late_rows_, kept_rows_;
    std::vector<sql::RefusedRow> refused_rows_;
    std::vector<std::string> refusals_;  // of rows and groups

    struct Span {
        int64_t epoch = 0;
        int64_t newest_event_us = 0;
    };
    std::deque<Span> spans_;  // epochs that may have rows in open windows
};

}  // namespace tarn::flow
