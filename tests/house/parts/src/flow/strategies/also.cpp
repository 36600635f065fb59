// A step of models: rows as they stand in the source.

#include "model_step.h"

namespace tarn::flow {
namespace {

class AlsoStep final : public ModelStep {
  public:
    using ModelStep::ModelStep;
    Status compile() override { return set_output(schema_.columns, {}); }

  private:
    Status compute(const Input& input, bool) override {
        rows_ = batches_of(input);
        counters_.rows_out += input.records;
        return {};
    }
};

}  // namespace

ModelStrategy also_strategy() {
    return {"also", "Rows as they stand in the source.", "also",
            [](const ModelQuery& query) { return query.model.name.ends_with(".also"); },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                return std::make_unique<AlsoStep>(std::move(spec), query.model, std::move(schema),
                                                  options, world);
            }};
}

}  // namespace tarn::flow
