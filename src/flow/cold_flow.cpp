#include "cold_flow.h"

#include <fmt/format.h>

namespace tarn::flow {
namespace {

std::string describe(const std::vector<codec::ColumnSpec>& columns) {
    std::string out;
    for (const auto& column : columns)
        out += fmt::format("{} {}{},", column.name, codec::to_string(column.type),
                           column.required ? "!" : "");
    return out;
}

}  // namespace

std::unique_ptr<Flow> ColdFlow::make(TopicReader& reader, std::optional<log::TopicInfo> quarantine,
                                     const RuntimeOptions& options, RuntimeContext& world,
                                     RunLedger& runs) {
    const auto& topic = reader.topic();
    FlowSpec spec{.name = topic.name + ".table",
                  .kind = "table",
                  .sinks = {table_node(topic.table->name)},
                  .generation = generation_of(fmt::format(
                      "table 1|{}|{}|{}|{}", topic.name, topic.table->name, describe(topic.columns),
                      describe(project::table_columns(topic)))),
                  .sql = fmt::format("select * from stream('{}')", topic.name),
                  .every = topic.table->every,
                  // An idle table waits for company rather than committing a file for one row.
                  .linger = std::min(topic.table->every, Duration::millis(200))};
    if (quarantine) spec.sinks.push_back(topic_node(quarantine->name));
    return std::make_unique<ColdFlow>(std::move(spec), reader, std::move(quarantine), options,
                                      world, runs);
}

Status ColdFlow::open_sinks(bool fresh) {
    const auto& topic = reader_.topic();
    const auto& table = topic.table->name;
    rows_.clear();
    rejected_.reset();
    TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.table.create.before"));
    TARN_RETURN_IF_ERROR(world_.lake.ensure_table({.name = table,
                                                   .columns = project::table_columns(topic),
                                                   .partition_by = topic.table->partition_by,
                                                   .properties = {},
                                                   .description = "Topic " + topic.name}));
    TARN_RETURN_IF_ERROR(world_.failpoints.hit("flow.table.create.after"));
    if (!fresh) return {};
    TARN_TRY(auto info, world_.lake.describe(table));
    if (info.files == 0) return {};
    return fail(ErrorId::kJournalGone,
                fmt::format("table {} has rows, but its flow's journal is gone, so it is not known "
                            "which: put {}/{} back, "
                            "or drop the table to build it anew from the log",
                            table, options_.state_folder, spec_.name));
}

Status ColdFlow::check_sinks(int64_t newest_planned, int64_t done) {
    const auto& table = reader_.topic().table->name;
    TARN_TRY(auto version, world_.lake.txn_version(table, app_id()));
    if (version >= done && version <= newest_planned) return {};
    return fail(ErrorId::kSinkAndJournalDiffer,
                fmt::format("table {} stands at epoch {} of this flow, its journal at {}: one of "
                            "them was put back to "
                            "another state, or another process wrote it; put both back together, "
                            "or drop the table and "
                            "{}/{} to build it anew",
                            table, version, newest_planned, options_.state_folder, spec_.name));
}

Status ColdFlow::run(const Input& input, bool) {
    const auto& topic = reader_.topic();
    rows_.clear();
    rejected_.emplace(quarantine_ ? quarantine_->config.partitions : 1);
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    for (const auto& chunk : input.chunks) {
        auto rows = chunk->rows ? chunk->rows->row_count : chunk->records.size();
        counters_.rows_out += int64_t(rows);
        if (rows > 0) rows_.push_back(table_rows(topic, *chunk, input.plan));
        counters_.quarantined += int64_t(chunk->rejected.size());
        for (const auto& rejected : chunk->rejected) {
            const auto& record = chunk->records[rejected.record];
            const codec::Header headers[] = {
                {"tarn.reason", rejected.reason},
                {"tarn.field",
                 rejected.field.empty() ? std::nullopt : std::optional(rejected.field)},
                {"tarn.topic", topic.name},
                {"tarn.partition", std::to_string(chunk->partition)},
                {"tarn.offset", std::to_string(record.offset)},
                {"tarn.timestamp", format_rfc3339(Timestamp::from_ms(record.timestamp_ms))},
            };
            TARN_RETURN_IF_ERROR(rejected_->add(chunk->partition, record, headers));
        }
    }
    return rejected_->finish();
}

Status ColdFlow::commit(const EpochPlan& plan) {
    const auto& topic = reader_.topic();
    if (rejected_->count() > 0) {
        TARN_RETURN_IF_ERROR(failpoints().hit("flow.commit.quarantine.before"));
        TARN_RETURN_IF_ERROR(append_side(*quarantine_, "quarantine", plan.epoch, *rejected_));
        TARN_RETURN_IF_ERROR(failpoints().hit("flow.commit.quarantine.after"));
    }
    lake::AppendRequest request{
        .table = topic.table->name,
        .batches = rows_,
        .txn = lake::Txn{app_id(), plan.epoch},
        .more_txns = {},
        .time = plan.batch_time,
        .user_metadata = {{"tarn.flow", spec_.name}, {"tarn.epoch", std::to_string(plan.epoch)}},
        .file_stem = fmt::format("{}-{}-{}", spec_.name, spec_.generation, plan.epoch)};
    for (const auto& range : plan.ranges)
        request.more_txns.push_back({fmt::format("{}/{}", app_id(), range.partition), range.to});
    TARN_RETURN_IF_ERROR(failpoints().hit("flow.commit.table.before"));
    TARN_RETURN_IF_ERROR(world_.lake.append(std::move(request)));
    return failpoints().hit("flow.commit.table.after");
}

Status ColdFlow::finish(const EpochPlan&) {
    rows_.clear();
    rejected_.reset();
    return {};
}

}  // namespace tarn::flow
