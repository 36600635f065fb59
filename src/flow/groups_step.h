#pragma once

// Groups of a table's rows, kept up to date in the model's own table: what an epoch adds is merged
// with the rows of the partitions it touches, and those partitions are replaced; or, by key, with
// the rows of the groups it touches, and those rows are replaced. The table is the state: nothing
// else is kept.

#include "model_step.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::flow {

class GroupsStep final : public ModelStep {
  public:
    GroupsStep(FlowSpec spec, project::TableModel model, SourceSchema schema,
               const RuntimeOptions& options, RuntimeContext& world,
               std::unique_ptr<sql::MergeableQuery> query, bool by_key)
        : ModelStep(std::move(spec), std::move(model), std::move(schema), options, world),
          query_(std::move(query)),
          by_key_(by_key) {}
    Status compile() override;
    std::optional<std::vector<int>> key() const override {
        return by_key_ ? std::optional(query_->info().key) : std::nullopt;
    }

  private:
    Status compute(const Input& input, bool replay) override;
    BatchPtr without_empty_partitions(const BatchPtr& states) const;

    std::unique_ptr<sql::MergeableQuery> query_;
    const bool by_key_;
    std::vector<std::string> output_names_;
};

}  // namespace tarn::flow
