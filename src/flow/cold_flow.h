#pragma once

// A topic into its table, and what does not decode into the quarantine topic.

#include <optional>

#include "flow.h"

namespace tarn::flow {

class ColdFlow final : public Flow {
  public:
    // `quarantine` is missing for raw topics, which refuse nothing.
    static std::unique_ptr<Flow> make(TopicReader& reader, std::optional<log::TopicInfo> quarantine,
                                      const RuntimeOptions& options, RuntimeContext& world,
                                      RunLedger& runs);
    ColdFlow(FlowSpec spec, TopicReader& reader, std::optional<log::TopicInfo> quarantine,
             const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs)
        : Flow(std::move(spec), make_topic_source(reader, world.log), options, world, runs),
          reader_(reader),
          quarantine_(std::move(quarantine)) {}

  private:
    Status open_sinks(bool fresh) override;
    Status check_sinks(int64_t newest_planned, int64_t done) override;
    Status run(const Input& input, bool replay) override;
    Status commit(const EpochPlan& plan) override;
    Status finish(const EpochPlan& plan) override;

    TopicReader& reader_;
    const std::optional<log::TopicInfo> quarantine_;
    std::vector<std::shared_ptr<const codec::ColumnBatch>> rows_;
    std::optional<SideRecords> rejected_;
};

}  // namespace tarn::flow
