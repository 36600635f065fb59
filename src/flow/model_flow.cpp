#include "model_flow.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "merge_flow.h"
#include "rows_flow.h"
#include "sessions_flow.h"
#include "tarn/codec/select_rows.h"
#include "tarn/sql/mergeable_query.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {
namespace {

using codec::ColumnSpec;
using codec::ColumnType;

const ColumnSpec kBatchId{"_batch_id", ColumnType::kInt64, false};
const ColumnSpec kProcessedAt{"_processed_at", ColumnType::kTimestamp, false};
const ColumnSpec kReason{"_reason", ColumnType::kText, false};

BatchPtr with_metadata(const BatchPtr& rows, const EpochPlan& plan) {
    auto out = std::make_shared<codec::ColumnBatch>(*rows);
    for (auto& column : out->schema)
        column.required = false;
    out->schema.push_back(kBatchId);
    out->schema.push_back(kProcessedAt);
    out->columns.push_back(filled<int64_t>(ColumnType::kInt64, rows->row_count, plan.epoch));
    out->columns.push_back(
        filled<int64_t>(ColumnType::kTimestamp, rows->row_count, plan.batch_time.us));
    return out;
}

// Those that have rows.
std::vector<BatchPtr> with_metadata(const std::vector<BatchPtr>& batches, const EpochPlan& plan) {
    std::vector<BatchPtr> out;
    for (const auto& rows : batches)
        if (rows->row_count > 0) out.push_back(with_metadata(rows, plan));
    return out;
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

template <class T>
Result<std::unique_ptr<ModelFlow>> made(std::unique_ptr<T> flow, Status compiled) {
    if (!compiled) return fail(compiled.error());
    return std::unique_ptr<ModelFlow>(std::move(flow));
}

}  // namespace

Result<std::unique_ptr<ModelFlow>> ModelFlow::make(const project::TableModel& model,
                                                   const SourceSchema& source, TableReader& reader,
                                                   const RuntimeOptions& options,
                                                   RuntimeContext& world, RunLedger& runs) {
    TARN_TRY(auto schema, columns_read(model, source, world.engine));
    auto aggregate = sql::MergeableQuery::is_aggregate(model.sql);
    if (!aggregate) return fail(aggregate.error().with_context(model.file));
    if (!*aggregate) {
        auto flow = std::make_unique<RowsFlow>(spec_of(model, schema, "append"), model, schema,
                                               reader, options, world, runs);
        auto compiled = flow->compile();
        return made(std::move(flow), std::move(compiled));
    }
    auto query = sql::MergeableQuery::compile(world.engine, model.sql, schema);
    if (!query) return fail(query.error().with_context(model.file));
    if ((*query)->info().session) {
        auto flow =
            std::make_unique<SessionsFlow>(spec_of(model, schema, "sessions"), model, schema,
                                           reader, options, world, runs, std::move(*query));
        auto compiled = flow->compile();
        return made(std::move(flow), std::move(compiled));
    }
    auto flow = std::make_unique<MergeFlow>(spec_of(model, schema, "merge"), model, schema, reader,
                                            options, world, runs, std::move(*query));
    auto compiled = flow->compile();
    return made(std::move(flow), std::move(compiled));
}

Status ModelFlow::set_output(const std::vector<ColumnSpec>& output,
                             const std::vector<ColumnSpec>& aside) {
    auto bad = [&](const std::string& what) {
        return fail(Error(ErrorId::kModelSql, what).with_context(model_.file));
    };
    table_columns_ = output;
    for (auto& column : table_columns_)
        column.required = false;
    table_columns_.push_back(kBatchId);
    table_columns_.push_back(kProcessedAt);
    std::set<std::string> names;
    for (const auto& column : table_columns_) {
        if (!names.insert(column.name).second)
            return bad("its table would have column " + column.name + " twice: name one of them " +
                       "otherwise with AS");
    }
    for (const auto& by : model_.partition_by)
        if (!names.contains(by)) return bad("config: partition_by names no column of it: " + by);
    aside_columns_ = aside;
    for (auto& column : aside_columns_)
        column.required = false;
    aside_columns_.push_back(kReason);
    aside_columns_.push_back(kBatchId);
    aside_columns_.push_back(kProcessedAt);
    std::vector<std::string> input;
    for (const auto& column : schema_.columns)
        input.push_back(column.name);
    reader_.need(input);
    add_sinks();
    return {};
}

void ModelFlow::add_sinks() {
    add_port(make_table_sink(identity(),
                             {.table = model_.name,
                              .description = "Model " + model_.file,
                              .columns = table_columns_,
                              .partition_by = model_.partition_by},
                             world_));
    if (auto aside = aside_table(); !aside.empty())
        add_port(make_table_sink(identity(),
                                 {.table = aside,
                                  .description = "Model " + model_.file,
                                  .columns = aside_columns_,
                                  .port = model_.quarantine.empty() ? "late" : "rejected"},
                                 world_));
}

Status ModelFlow::prepare() {
    watermark_ = kNoWatermark;
    return {};
}

Status ModelFlow::run(const Input& input, bool replay) {
    rows_.clear();
    aside_.clear();
    replace_at_ = -1;
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    TARN_RETURN_IF_ERROR(compute(input, replay));
    if (replay) return {};
    port(kRows) = {.rows = with_metadata(rows_, input.plan), .replace_at = replace_at_};
    if (has_port(kAside)) port(kAside) = {.rows = with_metadata(aside_, input.plan)};
    rows_.clear();
    aside_.clear();
    return {};
}

std::vector<BatchPtr> ModelFlow::batches_of(const Input& input) {
    std::vector<BatchPtr> out;
    for (const auto& slice : input.slices)
        out.insert(out.end(), slice->batches.begin(), slice->batches.end());
    return out;
}

void ModelFlow::put_aside(const BatchPtr& rows, std::span<const uint32_t> which,
                          const std::string& reason) {
    if (which.empty() || aside_table().empty()) return;
    auto chosen = std::make_shared<codec::ColumnBatch>();
    auto picked = codec::select_rows(*rows, which);
    chosen->row_count = which.size();
    chosen->buffers = picked->buffers;
    for (const auto& column : aside_columns_) {
        if (column == kReason) break;
        auto at = size_t(rows->find(column.name));
        chosen->schema.push_back(rows->schema[at]);
        chosen->columns.push_back(picked->columns[at]);
    }
    codec::ColumnBuilder reasons(ColumnType::kText);
    for (size_t i = 0; i < which.size(); ++i)
        reasons.add_text(reason);
    chosen->schema.push_back(kReason);
    chosen->columns.push_back(reasons.finish(*chosen));
    aside_.push_back(std::move(chosen));
}

}  // namespace tarn::flow
