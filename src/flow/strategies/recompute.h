#pragma once

// Groups of the rows of a table that changes. The groups that changed rows were in, and those that
// they are in now, are worked out anew from the whole table as of the version that the epoch reads
// up to, and take the place of what stands; those without rows go. The first epoch makes all of
// them. Nothing is kept beside the table. A value that the SQL refuses stops the flow.

#include <optional>
#include <string>
#include <vector>

#include "model_step.h"
#include "tarn/sql/recomputed_query.h"

namespace tarn::flow {

class RecomputeStep final : public ModelStep {
  public:
    using ModelStep::ModelStep;
    Status compile() override;
    std::optional<std::vector<int>> key() const override { return query_->info().key; }

  private:
    Status compute(const Input& input, bool replay) override;

    std::unique_ptr<sql::RecomputedQuery> query_;
    std::vector<std::string> columns_;  // of the source that it reads
};

}  // namespace tarn::flow
