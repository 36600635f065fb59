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
             const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs);

  private:
    static constexpr size_t kRows = 0, kRejected = 1;  // ports
    Status run(const Input& input, bool replay) override;

    TopicReader& reader_;
    const int32_t quarantine_partitions_;
};

}  // namespace tarn::flow
