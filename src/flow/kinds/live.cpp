// For each live model one flow: windows of a topic's rows into a view, and rows that came too late
// into a topic.

#include "parts.h"
#include "steps/windows.h"

namespace tarn::flow {
namespace {

Definition definition_of(const project::LiveModel& model, const project::Topic& topic,
                         const WindowsStep& step, const view::ViewSpec& view) {
    Definition out{.text = generation_of(model.sql),
                   .strategy = "live",
                   .sql = normalized_sql(model.sql),
                   .input = defined(step.input()),
                   .output = defined(view.columns)};
    for (auto& column : out.input)
        column.form = form_of(topic, column.name);
    // What it can be null in does not matter to a view.
    for (auto& column : out.output)
        column.required = false;
    out.settings = {{"stream", model.stream},
                    {"watermark", format_duration(model.watermark)},
                    {"grace", format_duration(model.grace)},
                    {"idle", format_duration(model.idle)},
                    {"every", format_duration(model.every)},
                    {"retain", format_duration(model.retain)},
                    {"late", model.late}};
    return out;
}

Result<std::vector<FlowPlan>> plans(const project::Project& project, PartContext& context) {
    std::vector<FlowPlan> out;
    for (const auto& model : project.live_models) {
        auto& reader = *context.readers.topic(model.stream);
        auto step = std::make_unique<WindowsStep>(model, reader.topic(),
                                                  side_partitions(model.late, context),
                                                  context.options, context.world);
        TARN_RETURN_IF_ERROR(step->compile());
        reader.need(step->input(), false);
        const auto view = step->view();
        step->define(definition_of(model, reader.topic(), *step, view));
        FlowPlan plan{{{topic_node(model.stream)}}, std::move(step), {}};
        plan.sinks.push_back(
            {.node = view_node(view.name), .columns = view.columns, .key = view.key});
        if (!model.late.empty())
            plan.sinks.push_back({.node = topic_node(model.late), .port = "late"});
        out.push_back(std::move(plan));
    }
    return out;
}

}  // namespace

FlowKind live_flows() { return {"live", plans}; }

}  // namespace tarn::flow
