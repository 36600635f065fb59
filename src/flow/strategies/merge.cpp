#include "strategies/merge.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "tarn/codec/select_rows.h"
#include "tarn/project/model_kind.h"
#include "tarn/sql/error_ids.h"
#include "value_text.h"

namespace tarn::flow {
namespace {

using codec::ColumnType;

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> out;
    for (size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        auto word = std::string(list.substr(at, end - at));
        std::erase(word, ' ');
        if (!word.empty()) out.push_back(std::move(word));
        at = end + 1;
    }
    return out;
}

}  // namespace

// The last that an epoch does with a key, and what stood there before it.
struct MergeStep::Op {
    bool stood = false, comes = false;
    size_t old_batch = 0, batch = 0;
    uint32_t old_row = 0, row = 0;
};
struct MergeStep::Ops {
    std::vector<BatchPtr> batches;  // of the output without _rejected
    std::unordered_map<std::string, size_t> place;
    std::vector<Op> ops;  // in the order in which keys were met
};

Status MergeStep::compile() {
    auto bad = [&](std::string what) {
        return fail(wrong(Error(errors::kModelSql, std::move(what))));
    };
    TARN_TRY(auto query,
             compile_rows("a model that merges by unique_key makes its rows one by one"));
    statement_ = std::move(query.statement);
    rejected_ = query.rejected;
    auto output = statement_->output();
    if (rejected_ >= 0) {
        if (model_.quarantine.empty())
            return bad("rows that fail a rule need a table: config(quarantine='quarantine.…')");
        output.erase(output.begin() + rejected_);
    }
    if (auto why = project::refused_key(model_, "merge")) return bad(*why);
    for (const auto& name : words_of(model_.unique_key)) {
        const auto at = std::ranges::find(output, name, &codec::ColumnSpec::name);
        if (at == output.end()) return bad("config: unique_key names no column of it: " + name);
        if (at->type.is_nested() || at->type == ColumnType::kDouble)
            return bad("config: unique_key must be texts, numbers, times or truth values, not " +
                       codec::to_string(at->type));
        key_.push_back(int(at - output.begin()));
        empty_is_null_.push_back(std::ranges::find(model_.partition_by, name) !=
                                 model_.partition_by.end());
    }
    if (!model_.version.empty()) {
        const auto at = std::ranges::find(output, model_.version, &codec::ColumnSpec::name);
        if (at == output.end())
            return bad("config: version names no column of it: " + model_.version);
        if (!has_order(at->type))
            return bad(
                "config: version must be a whole number, a decimal, a text, a date or a time, "
                "not " +
                codec::to_string(at->type));
        version_ = int(at - output.begin());
    }
    return set_output(output, output);
}

int MergeStep::missing_key(const codec::ColumnBatch& rows, uint32_t row) const {
    for (size_t i = 0; i < key_.size(); ++i) {
        const auto& column = rows.columns[size_t(key_[i])];
        const bool text = column.type.is_text();
        if (column.is_null(row) || (text && empty_is_null_[i] && column.text(row).empty()))
            return key_[i];
    }
    return -1;
}

Status MergeStep::take(const BatchPtr& rows, bool went, Ops& ops) {
    std::map<std::string, std::vector<uint32_t>> bad;  // by reason
    const auto* rejected = rejected_ >= 0 ? &rows->columns[size_t(rejected_)] : nullptr;
    const auto kept = without_column(rows, rejected_);
    ops.batches.push_back(kept);
    std::string key;
    for (uint32_t row = 0; row < rows->row_count; ++row) {
        // What a row was did not stand if it was rejected, or had no key.
        if (rejected && !rejected->is_null(row)) {
            if (!went) bad[std::string(rejected->text(row))].push_back(row);
            continue;
        }
        if (const int missing = missing_key(*kept, row); missing >= 0) {
            if (!went) bad[kept->schema[size_t(missing)].name + " is missing"].push_back(row);
            continue;
        }
        if (version_ && kept->columns[size_t(*version_)].is_null(row)) {
            bad[model_.version + " is missing"].push_back(row);
            continue;
        }
        key.clear();
        for (const int column : key_)
            append_value_text(kept->columns[size_t(column)], row, key);
        const auto [place, fresh] = ops.place.try_emplace(key, ops.ops.size());
        if (fresh) ops.ops.emplace_back();
        auto& op = ops.ops[place->second];
        if (version_ && !fresh &&
            compare_values(kept->columns[size_t(*version_)], row,
                           ops.batches[op.batch]->columns[size_t(*version_)], op.row) <= 0)
            continue;
        if (fresh && went) {
            op.stood = true;
            op.old_batch = ops.batches.size() - 1;
            op.old_row = row;
        }
        op.comes = !went;
        op.batch = ops.batches.size() - 1;
        op.row = row;
    }
    for (const auto& [reason, which] : bad) {
        counters_.rejected += int64_t(which.size());
        put_to_side(rows, which, reason);
    }
    return {};
}

BatchPtr MergeStep::keys_of(const BatchPtr& rows, std::span<const uint32_t> which) const {
    codec::ColumnBatch keys;
    keys.row_count = rows->row_count;
    keys.buffers = rows->buffers;
    for (const int column : key_) {
        keys.schema.push_back(rows->schema[size_t(column)]);
        keys.columns.push_back(rows->columns[size_t(column)]);
    }
    return codec::select_rows(keys, which);
}

void MergeStep::emit(const Ops& ops) {
    std::vector<std::vector<uint32_t>> come(ops.batches.size()), go(ops.batches.size());
    for (const auto& op : ops.ops) {
        if (op.comes && op.stood &&
            same_row(*ops.batches[op.old_batch], op.old_row, *ops.batches[op.batch], op.row))
            continue;
        (op.comes ? come : go)[op.batch].push_back(op.row);
    }
    for (size_t i = 0; i < ops.batches.size(); ++i) {
        for (auto* rows : {&come[i], &go[i]})
            std::ranges::sort(*rows);
        counters_.rows_out += int64_t(come[i].size() + go[i].size());
        if (come[i].size() == ops.batches[i]->row_count)
            rows_.push_back(ops.batches[i]);
        else if (!come[i].empty())
            rows_.push_back(codec::select_rows(*ops.batches[i], come[i]));
        if (!go[i].empty()) gone_.push_back(keys_of(ops.batches[i], go[i]));
    }
}

Status MergeStep::compute(const Input& input, bool) {
    Ops ops;
    std::vector<BatchPtr> run;  // of one kind, in order
    bool went = false;
    auto flush = [&]() -> Status {
        if (run.empty()) return {};
        RefusedInputs refused;
        auto work = [&](const std::vector<BatchPtr>& some) -> Status {
            TARN_TRY(auto rows, statement_->run({{schema_.name, some}}));
            return take(rows, went, ops);
        };
        TARN_RETURN_IF_ERROR(over_good_rows(run, work, refused));
        if (!went) refuse(refused);  // what it was stood in no table
        run.clear();
        return {};
    };
    for (const auto& [source, slice] : input.parts)
        for (size_t i = 0; i < slice->rows.size(); ++i) {
            if (const bool old = i < slice->went; old != went) {
                TARN_RETURN_IF_ERROR(flush());
                went = old;
            }
            run.push_back(slice->rows[i]);
        }
    TARN_RETURN_IF_ERROR(flush());
    emit(ops);
    return {};
}

ModelStrategy merge_strategy() {
    return {"merge",
            "Rows by a key: those that came or were updated take the place of those of their keys, "
            "if they are newer; rows that went go.",
            "changes",
            [](const ModelQuery& query) {
                return !query.aggregate && !query.model.unique_key.empty() &&
                       (query.model.changes || query.model.incremental_strategy == "merge");
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                return std::make_unique<MergeStep>(std::move(spec), query.model, std::move(schema),
                                                   options, world);
            }};
}

}  // namespace tarn::flow
