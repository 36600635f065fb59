#include "strategies/recompute.h"

#include <algorithm>

#include <fmt/format.h>

#include "source.h"
#include "tarn/lake/table_changes.h"
#include "tarn/project/model_kind.h"
#include "tarn/sql/error_ids.h"

namespace tarn::flow {

Status RecomputeStep::compile() {
    auto query =
        sql::RecomputedQuery::compile(world_.engine, model_.sql, schema_, model_.partition_by);
    if (!query) return fail(wrong(query.error()));
    query_ = std::move(*query);
    const auto& info = query_->info();
    if (auto why = project::refused_key(model_, "recompute"))
        return fail(wrong(Error(errors::kModelSql, *why)));
    for (const auto& column : lake::change_columns())
        if (std::ranges::find(info.input, column.name) != info.input.end())
            return fail(wrong(Error(
                errors::kModelSql,
                fmt::format("groups over changes are made of the rows as they are: {} is of a "
                            "change, for a model that makes its rows one by one",
                            column.name))));
    columns_ = info.input;
    if (columns_.empty()) columns_.push_back(schema_.columns.at(0).name);
    return set_output(info.output, schema_.columns);
}

Status RecomputeStep::compute(const Input& input, bool replay) {
    if (replay || input.plan.ranges.empty()) return {};
    std::vector<BatchPtr> keys;
    for (const auto& [source, slice] : input.parts) {
        if (slice->rows.empty()) continue;
        auto touch = [&](const std::vector<BatchPtr>& rows) -> Status {
            TARN_TRY(auto groups, query_->groups_of(rows));
            if (groups->row_count > 0) keys.push_back(std::move(groups));
            return {};
        };
        TARN_RETURN_IF_ERROR(in_pieces(slice->rows, touch));
    }
    const auto& range = input.plan.ranges.front();
    const bool first = range.from.within == kAllThatStands;
    if (keys.empty() && !first) return {};
    // Of a version that is read in part its whole, too: the groups of its other rows come later.
    const auto version = range.to.within == 0 ? range.to.at - 1 : range.to.at;
    TARN_TRY(auto session, world_.engine.session());
    TARN_TRY(const auto table, world_.lake.give(*session, model_.source, version, columns_));
    auto work_out = [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto groups, first ? query_->all(*session, table->text())
                                    : query_->groups(*session, table->text(), some));
        for (auto& rows : groups.rows)
            rows_.push_back(std::move(rows));
        for (auto& rows : groups.gone)
            gone_.push_back(std::move(rows));
        return {};
    };
    // The columns of the keys, all of them.
    std::vector<int> key;
    for (size_t i = 0; !first && i < query_->info().key.size(); ++i)
        key.push_back(int(i));
    if (auto done = in_pieces_by_key(keys, key, work_out); !done)
        return fail(done.error().with_context(
            fmt::format("groups of table {} at version {}", model_.source, version)));
    for (const auto* some : {&rows_, &gone_})
        for (const auto& rows : *some)
            counters_.rows_out += int64_t(rows->row_count);
    return {};
}

ModelStrategy recompute_strategy() {
    return {"recompute",
            "Groups over changes: those of rows that changed are worked out anew from the source.",
            "recompute",
            [](const ModelQuery& query) {
                return query.model.changes && query.aggregate && query.asks_for("merge");
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                return std::make_unique<RecomputeStep>(std::move(spec), query.model,
                                                       std::move(schema), options, world);
            }};
}

}  // namespace tarn::flow
