// For each topic with a table one flow "<topic>.table": its records as rows, and what does not
// decode into the dead letter topic (missing for raw topics, which refuse nothing).

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "parts.h"
#include "steps/ingest.h"

namespace tarn::flow {
namespace {

Definition definition_of(const project::Topic& topic) {
    Definition out{.strategy = "table", .output = defined(project::table_columns(topic))};
    for (auto& column : out.output) {
        column.form = form_of(topic, column.name);
        // Of the events: the table takes null in every column.
        auto declared = std::ranges::find(topic.columns, column.name, &codec::ColumnSpec::name);
        column.required = declared != topic.columns.end() && declared->required;
    }
    out.settings = {{"topic", topic.name},
                    {"table", topic.table->name},
                    {"format", std::string(topic.format->name)},
                    {"every", format_duration(topic.table->every)},
                    {"partition_by", fmt::format("{}", fmt::join(topic.table->partition_by, ","))}};
    return out;
}

Result<std::vector<FlowPlan>> plans(const project::Project& project, PartContext& context) {
    std::vector<FlowPlan> out;
    for (const auto& [name, declared] : project.topics) {
        if (!declared.table) continue;
        auto& reader = *context.readers.topic(name);
        const auto& topic = reader.topic();
        if (topic.decoded()) reader.need(topic.columns, true);
        auto step = std::make_unique<IngestStep>(
            topic, side_partitions(topic.dead_letters, context), context.options, context.world);
        step->define(definition_of(topic));
        FlowPlan plan{{{topic_node(name)}}, std::move(step), {}};
        plan.sinks.push_back({.node = table_node(topic.table->name),
                              .description = "Topic " + topic.name,
                              .columns = project::table_columns(topic),
                              .partition_by = topic.table->partition_by,
                              .transaction_of_parts = true});
        if (!topic.dead_letters.empty())
            // The port is in the id of the topic's writer, which stays what it was.
            plan.sinks.push_back({.node = topic_node(topic.dead_letters), .port = "quarantine"});
        out.push_back(std::move(plan));
    }
    return out;
}

}  // namespace

FlowKind table_flows() { return {"table", plans}; }

}  // namespace tarn::flow
