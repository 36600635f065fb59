#include "closing_step.h"

namespace tarn::flow {

ModelStrategy sessions_strategy() {
    return {"sessions", "Sessions, appended once they are closed.", "sessions",
            [](const ModelQuery& query) {
                return query.groups && query.groups->info().session && query.asks_for("append");
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                const auto& session = *query.groups->info().session;
                const Closing closing{.event_time = session.event_time_column, .gap = session.gap};
                return std::make_unique<ClosingStep>(std::move(spec), query.model,
                                                     std::move(schema), options, world,
                                                     std::move(query.groups), closing);
            }};
}

}  // namespace tarn::flow
