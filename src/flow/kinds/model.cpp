// For each incremental model one flow from its source table to its own, in the project's order:
// what a model reads is compiled before it.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model_step.h"
#include "parts.h"
#include "tarn/base/names.h"
#include "tarn/lake/table_changes.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {
namespace {

FlowSpec spec_of(const project::TableModel& model, const SourceSchema& schema,
                 const ModelStrategy& strategy) {
    std::string columns;
    for (const auto& column : schema.columns)
        columns += fmt::format("{} {},", column.name, codec::to_string(column.type));
    if (model.changes) columns += "changes";
    if (!model.version.empty()) columns += "version " + model.version;
    return {.name = model.name,
            .kind = "model",
            .generation = generation_of(
                fmt::format("model 1|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", strategy.generation,
                            model.sql, model.source, columns, model.unique_key, model.event_time,
                            model.deduplication_window.us, model.watermark.us, model.grace.us,
                            model.quarantine, model.late, fmt::join(model.partition_by, ","))),
            .sql = model.sql,
            .file = model.file,
            .strategy = std::string(strategy.name),
            .has_rules = true,
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

Result<std::unique_ptr<ModelStep>> make_step(const project::TableModel& model,
                                             const SourceSchema& schema, PartContext& context) {
    auto aggregate = sql::MergeableQuery::is_aggregate(model.sql);
    if (!aggregate) return fail(aggregate.error().with_context(model.file));
    ModelQuery query{model, *aggregate};
    if (*aggregate && !model.changes) {
        const auto form = model.incremental_strategy == "append" ? sql::MergeableForm::kWindows
                                                                 : sql::MergeableForm::kGroups;
        auto groups = sql::MergeableQuery::compile(context.world.engine, model.sql, schema, form);
        if (!groups) return fail(groups.error().with_context(model.file));
        query.groups = std::move(*groups);
    }
    for (const auto& strategy : model_strategies())
        if (strategy.fits(query))
            return strategy.make(spec_of(model, schema, strategy), std::move(query), schema,
                                 context.options, context.world);
    if (!model.incremental_strategy.empty())
        return fail(errors::kModelSql,
                    fmt::format("{}: config: incremental_strategy='{}' does not fit {}", model.file,
                                model.incremental_strategy,
                                *aggregate                 ? "a GROUP BY of this form"
                                : model.unique_key.empty() ? "rows one by one without unique_key"
                                                           : "rows one by one with unique_key"));
    return fail(ErrorCode::kUnsupported, model.file + ": no strategy keeps a table of such SQL");
}

Result<std::unique_ptr<ModelStep>> compiled_step(const project::TableModel& model,
                                                 const SourceSchema& schema, PartContext& context) {
    TARN_TRY(auto step, make_step(model, schema, context));
    TARN_RETURN_IF_ERROR(step->compile());
    return step;
}

std::vector<std::string> names_of(const SourceSchema& schema) {
    std::vector<std::string> out;
    for (const auto& column : schema.columns)
        out.push_back(column.name);
    return out;
}

Definition definition_of(const project::TableModel& model, const SourceSchema& read,
                         const ModelStep& step) {
    Definition out{.text = generation_of(model.sql),
                   .strategy = step.spec().strategy,
                   .sql = normalized_sql(model.sql),
                   .input = defined(read.columns),
                   .output = defined(step.table_columns())};
    out.settings = {{"source", model.source},
                    {"every", format_duration(model.every)},
                    {"unique_key", model.unique_key},
                    {"event_time", model.event_time},
                    {"deduplication_window", format_duration(model.deduplication_window)},
                    {"watermark", format_duration(model.watermark)},
                    {"grace", format_duration(model.grace)},
                    {"quarantine", model.quarantine},
                    {"late", model.late},
                    {"changes", model.changes ? "true" : ""},
                    {"version", model.version},
                    {"partition_by", fmt::format("{}", fmt::join(model.partition_by, ","))}};
    return out;
}

// What a model that reads changes has beside the table's own columns.
Status add_change_columns(const project::TableModel& model, SourceSchema& schema) {
    for (const auto& column : lake::change_columns()) {
        const auto same = [&](const auto& own) { return same_but_case(own.name, column.name); };
        if (std::ranges::any_of(schema.columns, same))
            return fail(errors::kModelSql,
                        fmt::format("{}: table {} has a column {}, which its changes have too: it "
                                    "cannot be read with changes=true",
                                    model.file, model.source, column.name));
        schema.columns.push_back(column);
    }
    return {};
}

// The source's own columns that it reads; at least one, since it is read by columns.
std::vector<std::string> own_columns(const SourceSchema& read, const SourceSchema& source) {
    std::vector<std::string> out;
    const auto changes = lake::change_columns();
    for (const auto& column : read.columns)
        if (std::ranges::find(changes, column.name, &codec::ColumnSpec::name) == changes.end())
            out.push_back(column.name);
    if (out.empty()) out.push_back(source.columns.at(0).name);
    return out;
}

// `source`: all columns of the table, under the name that stream('…') has.
Result<FlowPlan> plan_of(const project::TableModel& model, SourceSchema source,
                         std::vector<codec::ColumnSpec>& table_columns, PartContext& context) {
    if (model.changes) TARN_RETURN_IF_ERROR(add_change_columns(model, source));
    TARN_TRY(auto schema, columns_read(model, source, context.world.engine));
    auto step = compiled_step(model, schema, context);
    // `* exclude (a)` names a column that it does not read, and does not compile without it.
    if (!step && schema.columns.size() < source.columns.size()) {
        schema = source;
        step = compiled_step(model, schema, context);
    }
    if (!step) return fail(step.error());
    (*step)->define(definition_of(model, schema, **step));
    const auto reading = !model.changes                            ? Reading::kAdded
                         : (*step)->spec().strategy == "recompute" ? Reading::kChangesAlone
                                                                   : Reading::kChanges;
    context.readers.table(model.source, reading)
        .need(model.changes ? own_columns(schema, source) : names_of(schema));
    table_columns = (*step)->table_columns();
    const auto side_columns = (*step)->side_columns();
    const auto description = "Model " + model.file;
    const auto key = (*step)->key();
    const auto version = (*step)->version();
    FlowPlan plan{{{table_node(model.source), reading}}, std::move(*step), {}};
    plan.sinks.push_back({.node = table_node(model.name),
                          .description = description,
                          .columns = table_columns,
                          .key = key.value_or(std::vector<int>()),
                          .keyed = key.has_value(),
                          .version = version,
                          .partition_by = model.partition_by});
    const bool rules = !model.quarantine.empty();
    if (const auto& aside = rules ? model.quarantine : model.late; !aside.empty())
        plan.sinks.push_back({.node = table_node(aside),
                              .port = rules ? "rejected" : "late",
                              .description = description,
                              .columns = side_columns});
    return plan;
}

Result<std::vector<FlowPlan>> plans(const project::Project& project, PartContext& context) {
    std::map<std::string, std::vector<codec::ColumnSpec>> tables;
    for (const auto& [name, topic] : project.topics)
        if (topic.table) tables[topic.table->name] = project::table_columns(topic);
    std::vector<FlowPlan> out;
    for (const auto& model : project.table_models) {
        auto columns = tables.find(model.source);
        if (columns == tables.end()) {
            auto info = context.world.lake.describe(model.source);
            if (!info)
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("{}: no topic, model or table of the lake is {}",
                                        model.file, model.source));
            columns = tables.emplace(model.source, info->columns).first;
        }
        std::vector<codec::ColumnSpec> own;
        TARN_TRY(auto plan, plan_of(model, {model.source, columns->second}, own, context));
        tables[model.name] = std::move(own);
        out.push_back(std::move(plan));
    }
    return out;
}

}  // namespace

FlowKind model_flows() { return {"model", plans}; }

}  // namespace tarn::flow
