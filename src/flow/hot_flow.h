#pragma once

// A live model: windows of a topic's rows into a view, and rows that came too late into a topic.

#include <deque>
#include <optional>

#include "flow.h"
#include "tarn/sql/live_query.h"

namespace tarn::flow {

class HotFlow final : public Flow {
  public:
    static std::unique_ptr<HotFlow> make(const project::LiveModel& model, TopicReader& reader,
                                         std::optional<log::TopicInfo> late,
                                         const RuntimeOptions& options, RuntimeContext& world,
                                         RunLedger& runs);
    HotFlow(FlowSpec spec, project::LiveModel model, TopicReader& reader,
            std::optional<log::TopicInfo> late, const RuntimeOptions& options,
            RuntimeContext& world, RunLedger& runs)
        : Flow(std::move(spec), make_topic_source(reader, world.log), options, world, runs),
          reader_(reader),
          model_(std::move(model)),
          late_topic_(std::move(late)) {}

    // Errors: kInvalidArgument, kUnsupported, with the model's file: what its author must change.
    Status compile();

  private:
    static constexpr size_t kRows = 0, kLate = 1;  // ports
    Status prepare() override;
    void add_sinks();
    Status run(const Input& input, bool replay) override;
    Status finish(const EpochPlan& plan) override;
    bool stateful() const override { return true; }
    int64_t oldest_needed(int64_t newest) const override;
    Timestamp watermark() const override { return watermark_; }
    void set_watermark(Timestamp watermark) override { watermark_ = watermark; }

    Status add(const Chunk& chunk, const EpochPlan& plan);
    Status put_aside(const Chunk& chunk, const EpochPlan& plan, uint32_t row, int64_t event_time_us,
                     bool early);
    std::optional<Timestamp> remove_before() const;

    TopicReader& reader_;
    const project::LiveModel model_;
    const std::optional<log::TopicInfo> late_topic_;
    std::unique_ptr<sql::LiveQuery> query_;
    bool used_ = false;    // query_ has seen rows
    int event_time_ = -1;  // column of the decoded rows
    Timestamp watermark_ = kNoWatermark;

    // Of the epoch that ran last.
    int64_t newest_event_us_ = INT64_MIN;
    std::optional<SideRecords> aside_;
    std::vector<uint32_t> late_rows_, kept_rows_;

    struct Span {
        int64_t epoch = 0;
        int64_t newest_event_us = 0;
    };
    std::deque<Span> spans_;  // epochs that may have rows in open windows
};

}  // namespace tarn::flow
