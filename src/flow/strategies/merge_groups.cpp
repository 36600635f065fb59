#include "groups_step.h"

namespace tarn::flow {

ModelStrategy merge_groups_strategy() {
    return {
        "merge_groups",
        "Groups: the rows of those that are touched are replaced, with what stood there merged in.",
        "merge groups",
        [](const ModelQuery& query) {
            return query.groups && !query.groups->info().session &&
                   query.model.incremental_strategy == "merge";
        },
        [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
           RuntimeContext& world) -> std::unique_ptr<ModelStep> {
            return std::make_unique<GroupsStep>(std::move(spec), query.model, std::move(schema),
                                                options, world, std::move(query.groups), true);
        }};
}

}  // namespace tarn::flow
