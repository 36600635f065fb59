#pragma once

// Groups of a table's rows, kept up to date in the model's own table: what an epoch adds is merged
// with the rows of the partitions it touches, and those partitions are replaced. The table is the
// state: nothing else is kept.

#include "model_flow.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::flow {

class MergeFlow final : public ModelFlow {
  public:
    MergeFlow(FlowSpec spec, project::TableModel model, SourceSchema schema, TableReader& reader,
              const RuntimeOptions& options, RuntimeContext& world, RunLedger& runs,
              std::unique_ptr<sql::MergeableQuery> query)
        : ModelFlow(std::move(spec), std::move(model), std::move(schema), reader, options, world,
                    runs),
          query_(std::move(query)) {}
    Status compile() override;

  private:
    Status compute(const Input& input, bool replay) override;

    std::unique_ptr<sql::MergeableQuery> query_;
    std::vector<std::string> output_names_;
};

}  // namespace tarn::flow
