#include "flows.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steps/groups.h"
#include "steps/ingest.h"
#include "steps/rows.h"
#include "steps/sessions.h"
#include "steps/windows.h"
#include "tarn/sql/mergeable_query.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {
namespace {

constexpr int32_t kNoSidePartitions = 1;  // of a topic that is not there

std::vector<std::unique_ptr<Source>> one(std::unique_ptr<Source> source) {
    std::vector<std::unique_ptr<Source>> out;
    out.push_back(std::move(source));
    return out;
}

int32_t partitions_of(const std::optional<log::TopicInfo>& topic) {
    return topic ? topic->config.partitions : kNoSidePartitions;
}

FlowSpec spec_of(const project::TableModel& model, const SourceSchema& schema,
                 std::string strategy) {
    std::string columns;
    for (const auto& column : schema.columns)
        columns += fmt::format("{} {},", column.name, codec::to_string(column.type));
    return {.name = model.name,
            .kind = "model",
            .generation = generation_of(fmt::format(
                "model 1|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", strategy, model.sql, model.source,
                columns, model.unique_key, model.event_time, model.horizon.us, model.watermark.us,
                model.grace.us, model.quarantine, model.late, fmt::join(model.partition_by, ","))),
            .sql = model.sql,
            .file = model.file,
            .strategy = std::move(strategy),
            .every = model.every,
            .linger = std::min(model.every, Duration::millis(50))};
}

// Only the columns that the SQL reads: others are neither read from the table nor change the flow.
Result<SourceSchema> columns_read(const project::TableModel& model, const SourceSchema& schema,
                                  sql::Engine& engine) {
    TARN_TRY(auto session, engine.session());
    auto statement = sql::StreamStatement::compile(std::move(session), model.sql, {&schema, 1});
    if (!statement) return fail(statement.error().with_context(model.file));
    SourceSchema out{schema.name, {}};
    auto read = (*statement)->input().find(schema.name);
    for (const auto& column : schema.columns)
        if (read != (*statement)->input().end() &&
            std::ranges::find(read->second, column.name) != read->second.end())
            out.columns.push_back(column);
    if (out.columns.empty()) out.columns.push_back(schema.columns.at(0));  // count(*) alone
    return out;
}

// By what the SQL is: rows as they come, groups that are merged, sessions.
Result<std::unique_ptr<ModelStep>> make_model_step(const project::TableModel& model,
                                                   const SourceSchema& schema,
                                                   const RuntimeOptions& options,
                                                   RuntimeContext& world) {
    auto aggregate = sql::MergeableQuery::is_aggregate(model.sql);
    if (!aggregate) return fail(aggregate.error().with_context(model.file));
    if (!*aggregate)
        return std::make_unique<RowsStep>(spec_of(model, schema, "append"), model, schema, options,
                                          world);
    auto query = sql::MergeableQuery::compile(world.engine, model.sql, schema);
    if (!query) return fail(query.error().with_context(model.file));
    if ((*query)->info().session)
        return std::make_unique<SessionsStep>(spec_of(model, schema, "sessions"), model, schema,
                                              options, world, std::move(*query));
    return std::make_unique<GroupsStep>(spec_of(model, schema, "merge"), model, schema, options,
                                        world, std::move(*query));
}

}  // namespace

std::unique_ptr<Flow> make_ingest_flow(TopicReader& reader,
                                       std::optional<log::TopicInfo> quarantine,
                                       const RuntimeOptions& options, RuntimeContext& world,
                                       RunLedger& runs) {
    const auto& topic = reader.topic();
    auto step = std::make_unique<IngestStep>(topic, partitions_of(quarantine), options, world);
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(make_table_sink(step->identity(),
                                    {.table = topic.table->name,
                                     .description = "Topic " + topic.name,
                                     .columns = project::table_columns(topic),
                                     .partition_by = topic.table->partition_by,
                                     .transaction_of_parts = true},
                                    world));
    if (quarantine)
        sinks.push_back(make_topic_sink(step->identity(), std::move(*quarantine), "quarantine",
                                        options, world));
    return std::make_unique<Flow>(one(make_topic_source(reader, world.log)), std::move(step),
                                  std::move(sinks), options, world, runs);
}

Result<std::unique_ptr<Flow>> make_live_flow(const project::LiveModel& model, TopicReader& reader,
                                             std::optional<log::TopicInfo> late,
                                             const RuntimeOptions& options, RuntimeContext& world,
                                             RunLedger& runs) {
    auto step =
        std::make_unique<WindowsStep>(model, reader.topic(), partitions_of(late), options, world);
    TARN_RETURN_IF_ERROR(step->compile());
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(make_view_sink(step->identity(), step->view(), world));
    if (late)
        sinks.push_back(
            make_topic_sink(step->identity(), std::move(*late), "late", options, world));
    return std::make_unique<Flow>(one(make_topic_source(reader, world.log)), std::move(step),
                                  std::move(sinks), options, world, runs);
}

Result<ModelFlow> make_model_flow(const project::TableModel& model, const sql::StreamSchema& source,
                                  TableReader& reader, const RuntimeOptions& options,
                                  RuntimeContext& world, RunLedger& runs) {
    TARN_TRY(auto schema, columns_read(model, source, world.engine));
    TARN_TRY(auto step, make_model_step(model, schema, options, world));
    TARN_RETURN_IF_ERROR(step->compile());
    std::vector<std::string> input;
    for (const auto& column : schema.columns)
        input.push_back(column.name);
    reader.need(input);
    const auto description = "Model " + model.file;
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(make_table_sink(step->identity(),
                                    {.table = model.name,
                                     .description = description,
                                     .columns = step->table_columns(),
                                     .partition_by = model.partition_by},
                                    world));
    const bool rules = !model.quarantine.empty();
    if (const auto& aside = rules ? model.quarantine : model.late; !aside.empty())
        sinks.push_back(make_table_sink(step->identity(),
                                        {.table = aside,
                                         .description = description,
                                         .columns = step->aside_columns(),
                                         .port = rules ? "rejected" : "late"},
                                        world));
    ModelFlow out{.flow = {}, .table_columns = step->table_columns()};
    out.flow = std::make_unique<Flow>(one(make_table_source(reader, world.lake)), std::move(step),
                                      std::move(sinks), options, world, runs);
    return out;
}

}  // namespace tarn::flow
