#include "groups_step.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/project/model_kind.h"
#include "tarn/sql/error_ids.h"
#include "value_text.h"

namespace tarn::flow {

// An empty text is NULL in a partition column of Delta: as groups they are one.
BatchPtr GroupsStep::without_empty_partitions(const BatchPtr& states) const {
    std::vector<size_t> columns;
    const auto& info = query_->info();
    for (size_t k = 0; k < info.key.size(); ++k) {
        const auto& name = info.output[size_t(info.key[k])].name;
        if (std::ranges::find(model_.partition_by, name) != model_.partition_by.end())
            columns.push_back(size_t(info.state_key[k]));
    }
    return empty_as_null(states, columns);
}

Status GroupsStep::compile() {
    auto bad = [&](std::string what) {
        return fail(wrong(Error(errors::kModelSql, std::move(what))));
    };
    const auto& info = query_->info();
    if (auto column = query_->not_mergeable_from_output())
        return bad(
            fmt::format("column {} cannot be kept up to date in a table, since its state is "
                        "more than its value: use min, max, count or sum",
                        *column));
    for (const auto& by : model_.partition_by) {
        bool key =
            std::ranges::any_of(info.key, [&](int k) { return info.output[size_t(k)].name == by; });
        if (!key) return bad("config: partition_by of groups must name a group: " + by);
    }
    if (auto why = project::refused_key(model_, spec_.strategy)) return bad(*why);
    for (const auto& column : info.output)
        output_names_.push_back(column.name);
    return set_output(info.output, schema_.columns);
}

Status GroupsStep::compute(const Input& input, bool) {
    auto batches = batches_of(input);
    if (batches.empty()) return {};
    const auto& info = query_->info();
    auto partial = [&](const std::vector<BatchPtr>& rows) -> Result<BatchPtr> {
        TARN_TRY(auto states, query_->partial(rows));
        return without_empty_partitions(states);
    };
    RefusedInputs refused;
    TARN_TRY(auto added, partial_of_good_rows(batches, partial, refused));
    std::vector<BatchPtr> like;
    auto touch = [&](const std::vector<BatchPtr>& states) -> Status {
        TARN_TRY(auto rows, query_->finish(states));
        if (rows->row_count > 0) like.push_back(std::move(rows));
        return {};
    };
    TARN_RETURN_IF_ERROR(in_pieces(added.states, touch));
    if (like.empty()) {
        refuse(refused);
        return {};
    }
    TARN_TRY(auto session, world_.engine.session());
    auto& table = this->standing(kRows);
    TARN_TRY(auto standing, by_key_ ? table.read_keys(*session, like, info.key, output_names_)
                                    : table.read_like(*session, like, output_names_));
    TARN_TRY(auto before, query_->resume(standing.rows));
    TARN_TRY(auto merged, merge_good_rows(*query_, {before}, added, partial, refused));
    refuse(refused);
    replace_at_ = standing.version;
    return in_pieces(merged, [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto rows, query_->finish(some));
        counters_.rows_out += int64_t(rows->row_count);
        rows_.push_back(std::move(rows));
        return {};
    });
}

}  // namespace tarn::flow
