#include "closing_step.h"

namespace tarn::flow {

ModelStrategy windows_strategy() {
    return {"windows", "Windows of time, appended once they are closed.", "windows",
            [](const ModelQuery& query) {
                return query.groups && query.groups->info().window.has_value();
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                const auto& window = *query.groups->info().window;
                const Closing closing{.event_time = window.event_time_column, .size = window.size};
                return std::make_unique<ClosingStep>(std::move(spec), query.model,
                                                     std::move(schema), options, world,
                                                     std::move(query.groups), closing);
            }};
}

}  // namespace tarn::flow
