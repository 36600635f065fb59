#pragma once

// Every record of a topic as a row of its table; what does not decode goes to a side output as it
// came.

#include "step.h"

namespace tarn::flow {

class IngestStep final : public Step {
  public:
    static constexpr size_t kRows = 0, kRejected = 1;  // ports
    // `side_partitions`: of the topic that takes what is rejected.
    IngestStep(const project::Topic& topic, int32_t side_partitions, const RuntimeOptions& options,
               RuntimeContext& world)
        : Step(spec_of(topic), options, world),
          topic_(topic),
          side_partitions_(side_partitions),
          suspicious_(world.metrics.counter(
              "tarn_topic_suspicious_times_total",
              "Times of early 1970: seconds, it seems, that are read as milliseconds",
              {{"topic", topic.name}})) {}
    Status run(const Input& input, bool replay) override;

  private:
    static FlowSpec spec_of(const project::Topic& topic);
    void look_for_seconds(const codec::ColumnBatch& rows);

    const project::Topic& topic_;  // the reader's
    const int32_t side_partitions_;
    Counter& suspicious_;
    bool told_ = false;  // of them
};

}  // namespace tarn::flow
