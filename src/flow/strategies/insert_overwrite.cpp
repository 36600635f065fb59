#include "groups_step.h"

namespace tarn::flow {

ModelStrategy insert_overwrite_strategy() {
    return {"insert_overwrite",
            "Groups: the partitions that they touch are replaced, with what stood there merged in.",
            "merge",
            [](const ModelQuery& query) {
                return query.groups && !query.groups->info().session &&
                       query.asks_for("insert_overwrite");
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                return std::make_unique<GroupsStep>(std::move(spec), query.model, std::move(schema),
                                                    options, world, std::move(query.groups), false);
            }};
}

}  // namespace tarn::flow
