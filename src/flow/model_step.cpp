#include "model_step.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tarn/codec/select_rows.h"
#include "tarn/sql/error_ids.h"

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

codec::Column nulls(ColumnType type, size_t rows) {
    codec::ColumnBatch none;
    codec::ColumnBuilder builder(type);
    for (size_t i = 0; i < rows; ++i)
        builder.add_null();
    return builder.finish(none);
}

}  // namespace

Result<ModelStep::RowsQuery> ModelStep::compile_rows(std::string_view rule) const {
    TARN_TRY(auto session, world_.engine.session());
    auto statement = sql::StreamStatement::compile(std::move(session), model_.sql, {&schema_, 1});
    if (!statement) return fail(wrong(statement.error()));
    if (const auto& beyond = (*statement)->not_row_wise())
        return fail(wrong(
            Error(ErrorCode::kUnsupported, fmt::format("{}: it cannot have {}", rule, *beyond))));
    const auto& output = (*statement)->output();
    const auto at = std::ranges::find(output, "_rejected", &codec::ColumnSpec::name);
    RowsQuery out{std::move(*statement), at == output.end() ? -1 : int(at - output.begin())};
    if (out.rejected >= 0 && at->type != codec::ColumnType::kText)
        return fail(
            wrong(Error(errors::kModelSql,
                        "_rejected is the reason of a rejected row as text, NULL for the others")));
    return out;
}

Status ModelStep::set_output(const std::vector<ColumnSpec>& output,
                             const std::vector<ColumnSpec>& aside) {
    auto bad = [&](const std::string& what) {
        return fail(Error(errors::kModelSql, what).with_context(model_.file));
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
    side_columns_ = aside;
    // What it has of its own stands for those of the source.
    std::erase_if(side_columns_, [](const ColumnSpec& column) {
        return column.name == kReason.name || column.name == kBatchId.name ||
               column.name == kProcessedAt.name;
    });
    for (auto& column : side_columns_)
        column.required = false;
    side_columns_.push_back(kReason);
    side_columns_.push_back(kBatchId);
    side_columns_.push_back(kProcessedAt);
    return {};
}

Status ModelStep::run(const Input& input, bool replay) {
    rows_.clear();
    gone_.clear();
    side_rows_.clear();
    replace_at_ = -1;
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    TARN_RETURN_IF_ERROR(compute(input, replay));
    if (replay) return {};
    port(kRows) = {.rows = with_metadata(rows_, input.plan),
                   .replace_at = replace_at_,
                   .gone = std::move(gone_)};
    if (has_port(kSideOutput)) port(kSideOutput) = {.rows = with_metadata(side_rows_, input.plan)};
    rows_.clear();
    gone_.clear();
    side_rows_.clear();
    return {};
}

std::vector<BatchPtr> ModelStep::batches_of(const Input& input) {
    std::vector<BatchPtr> out;
    for (const auto& [source, slice] : input.parts)
        out.insert(out.end(), slice->rows.begin(), slice->rows.end());
    return out;
}

void ModelStep::refuse(const RefusedInputs& refused) {
    if (refused.empty()) return;
    counters_.rejected += int64_t(refused.size());
    const uint32_t first[] = {0};
    for (const auto& [row, why] : refused)
        put_to_side(row, first, why);
    logger_.warn("rows are left out: the SQL refuses a value of them",
                 {{"rows", refused.size()}, {"first", refused.front().why}});
}

void ModelStep::put_to_side(const BatchPtr& rows, std::span<const uint32_t> which,
                            const std::string& reason) {
    if (which.empty() || !has_port(kSideOutput)) return;
    auto chosen = std::make_shared<codec::ColumnBatch>();
    auto picked = codec::select_rows(*rows, which);
    chosen->row_count = which.size();
    chosen->buffers = picked->buffers;
    for (const auto& column : side_columns_) {
        if (column == kReason) break;
        const auto at = rows->find(column.name);
        chosen->schema.push_back(column);
        chosen->columns.push_back(at >= 0 && rows->schema[size_t(at)].type == column.type
                                      ? picked->columns[size_t(at)]
                                      : nulls(column.type, which.size()));
    }
    codec::ColumnBuilder reasons(ColumnType::kText);
    for (size_t i = 0; i < which.size(); ++i)
        reasons.add_text(reason);
    chosen->schema.push_back(kReason);
    chosen->columns.push_back(reasons.finish(*chosen));
    side_rows_.push_back(std::move(chosen));
}

}  // namespace tarn::flow
