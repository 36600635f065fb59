#include "strategies/append.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tarn/codec/select_rows.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/quote.h"
#include "value_text.h"

namespace tarn::flow {
namespace {

using codec::ColumnType;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kIdsAtOnce = 500'000;  // read when the flow is opened
constexpr int64_t kNoEnd = INT64_MAX;

int64_t floor_second(int64_t us) { return us / kSecond - (us % kSecond < 0); }

}  // namespace

Status RowsStep::compile() {
    auto bad = [&](std::string what) {
        return fail(wrong(Error(errors::kModelSql, std::move(what))));
    };
    TARN_TRY(auto query,
             compile_rows("an incremental model makes its rows one by one, or is one GROUP BY"));
    statement_ = std::move(query.statement);
    rejected_ = query.rejected;
    auto output = statement_->output();
    auto find = [&](const std::string& name) {
        auto it = std::ranges::find(output, name, &codec::ColumnSpec::name);
        return it == output.end() ? -1 : int(it - output.begin());
    };
    const auto read = statement_->input().find(schema_.name);
    if (model_.changes && (read == statement_->input().end() ||
                           std::ranges::find(read->second, "_change_type") == read->second.end()))
        return bad(
            "a model over changes without unique_key is a log of them: select _change_type, "
            "which says what became of a row; or say unique_key, for a table of the rows as "
            "they are");
    if ((rejected_ >= 0 || !model_.unique_key.empty()) && model_.quarantine.empty())
        return bad("rows that fail a rule need a table: config(quarantine='quarantine.…')");
    if (!model_.unique_key.empty()) {
        key_ = find(model_.unique_key);
        event_time_ = find(model_.event_time);
        if (key_ < 0) return bad("config: unique_key names no column of it: " + model_.unique_key);
        if (event_time_ < 0 || output[size_t(event_time_)].type != ColumnType::kTimestamp)
            return bad("config: event_time must name a TIMESTAMPTZ column of it: '" +
                       model_.event_time + "'");
        const auto& type = output[size_t(key_)].type;
        if (type == ColumnType::kDouble || type == ColumnType::kBool || type.is_nested())
            return bad("config: unique_key must be a text, a number or a time, not " +
                       codec::to_string(type));
    }
    if (rejected_ >= 0) output.erase(output.begin() + rejected_);
    return set_output(output, output);
}

int64_t RowsStep::first_second(Timestamp watermark) const {
    if (watermark == kNoWatermark) return INT64_MIN;
    return floor_second(saturated(watermark, Duration{-model_.deduplication_window.us}).us);
}

std::string RowsStep::key_text(const codec::Column& column, uint32_t row) const {
    switch (column.type.kind()) {
        case ColumnType::kText:
        case ColumnType::kBytes:
            return std::string(column.text(row));
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return std::to_string(column.values<int32_t>()[row]);
        case ColumnType::kDecimal:
            return codec::decimal_text(column.values<codec::Int128>()[row], column.type.scale());
        default:
            return std::to_string(column.values<int64_t>()[row]);
    }
}

// The ids of the window as they were after the epoch that is done: those of later rows come when
// the epoch that wrote them runs again.
Status RowsStep::load_state() {
    ids_.reset();
    newest_event_us_ = INT64_MIN;
    if (key_ < 0) return {};
    TARN_RETURN_IF_ERROR(remove_spill_folder());
    auto budget = world_.memory ? world_.memory->child("ids of " + spec_.name, INT64_MAX)
                                : MemoryBudget::root("ids of " + spec_.name, INT64_MAX);
    TARN_TRY(auto memory, budget->reserve(0));
    ids_.emplace(world_.random.next(), std::move(memory));
    if (!journal() || journal()->done().watermark == kNoWatermark) return {};
    const auto& done = journal()->done();
    const auto from = first_second(done.watermark);
    ids_->forget_before(from);
    TARN_TRY(auto session, world_.engine.session());
    TARN_TRY(auto rows, session->query_columns(
                            fmt::format("select count(*) from {}", ids_in(done.epoch, from))));
    // By so many parts of the window that one is no more than a few batches of a flow.
    const auto count = rows.columns[0].values<int64_t>()[0];
    const auto last = floor_second(done.watermark.us);
    const auto step =
        std::max<int64_t>(1, (last - from) / std::max<int64_t>(1, count / kIdsAtOnce));
    for (auto at = from;; at += step) {
        const bool end = at + step > last;  // with what was far ahead
        TARN_RETURN_IF_ERROR(load_ids(*session, done.epoch, at, end ? kNoEnd : at + step));
        if (end) return {};
    }
}

// The rows that stand of an event time from this second on.
std::string RowsStep::ids_in(int64_t epoch, int64_t from) {
    return fmt::format("{} where {} >= make_timestamptz({}) and _batch_id <= {}",
                       standing(kRows).relation(), sql::quoted_name(model_.event_time),
                       from * kSecond, epoch);
}

Status RowsStep::load_ids(sql::Session& session, int64_t epoch, int64_t from, int64_t to) {
    auto query = fmt::format("select {}, {} from {}", sql::quoted_name(model_.unique_key),
                             sql::quoted_name(model_.event_time), ids_in(epoch, from));
    if (to != kNoEnd)
        query += fmt::format(" and {} < make_timestamptz({})", sql::quoted_name(model_.event_time),
                             to * kSecond);
    auto rows = session.query_columns(query);
    if (!rows) return fail(rows.error().with_context("reading the ids of table " + model_.name));
    for (uint32_t row = 0; row < rows->row_count; ++row) {
        TARN_TRY([[maybe_unused]] bool fresh,
                 ids_->insert(id_of(rows->columns[0], row),
                              floor_second(rows->columns[1].values<int64_t>()[row])));
    }
    return bound_memory();
}

Status RowsStep::bound_memory() {
    if (int64_t(ids_->memory_in_tables()) <= state_share()) return {};
    TARN_RETURN_IF_ERROR(make_spill_folder());
    return ids_->spill(world_.fs, spill_folder());
}

Status RowsStep::compute(const Input& input, bool) {
    newest_event_us_ = INT64_MIN;
    auto batches = batches_of(input);
    if (batches.empty()) return {};
    RefusedInputs refused;
    auto run = [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto rows, statement_->run({{schema_.name, some}}));
        return judge(rows, input.plan);
    };
    TARN_RETURN_IF_ERROR(over_good_rows(batches, run, refused));
    refuse(refused);
    return key_ < 0 ? Status() : bound_memory();
}

IdSet::Id RowsStep::id_of(const codec::Column& keys, uint32_t row) const {
    if (keys.type == ColumnType::kText) return ids_->id_of(keys.text(row));
    return ids_->id_of(key_text(keys, row));
}

void RowsStep::look_up(const codec::Column& keys, uint32_t first, size_t rows) {
    for (size_t i = 0; i < std::min(rows - first, block_.size()); ++i) {
        if (keys.is_null(first + i)) continue;
        block_[i] = id_of(keys, uint32_t(first + i));
        ids_->prefetch(block_[i]);
    }
}

Status RowsStep::judge(const BatchPtr& rows, const EpochPlan& plan) {
    std::vector<uint32_t> good;
    std::map<std::string, std::vector<uint32_t>> bad;  // by reason
    const auto from = first_second(plan.watermark);
    const auto* rejected = rejected_ >= 0 ? &rows->columns[size_t(rejected_)] : nullptr;
    const auto* keys = key_ >= 0 ? &rows->columns[size_t(key_)] : nullptr;
    const auto* times = key_ >= 0 ? &rows->columns[size_t(event_time_)] : nullptr;
    const auto outside =
        fmt::format("older than the deduplication window of {} in which {} is unique",
                    format_duration(model_.deduplication_window), model_.unique_key);
    for (uint32_t row = 0; row < rows->row_count; ++row) {
        const auto in_block = row % block_.size();
        if (keys && in_block == 0) look_up(*keys, row, rows->row_count);
        if (rejected && !rejected->is_null(row)) {
            bad[std::string(rejected->text(row))].push_back(row);
            continue;
        }
        if (keys) {
            if (keys->is_null(row) || times->is_null(row)) {
                bad[(keys->is_null(row) ? model_.unique_key : model_.event_time) + " is missing"]
                    .push_back(row);
                continue;
            }
            auto event_us = times->values<int64_t>()[row];
            if (floor_second(event_us) < from) {
                bad[outside].push_back(row);
                ++counters_.outside;
                continue;
            }
            TARN_TRY(bool first, ids_->insert(block_[in_block], floor_second(event_us)));
            if (!first) {
                ++counters_.duplicates;
                continue;
            }
            // A producer with a wrong clock must not move everyone's window.
            if (event_us <= saturated(plan.batch_time, kMaxAhead).us)
                newest_event_us_ = std::max(newest_event_us_, event_us);
        }
        good.push_back(row);
    }
    for (const auto& [reason, which] : bad) {
        counters_.rejected += int64_t(which.size());
        put_to_side(rows, which, reason);
    }
    counters_.rows_out += int64_t(good.size());
    if (good.empty()) return {};
    auto kept = good.size() == rows->row_count ? rows : codec::select_rows(*rows, good);
    rows_.push_back(without_column(kept, rejected_));
    return {};
}

Status RowsStep::finish(const EpochPlan&) {
    if (newest_event_us_ == INT64_MIN) return {};
    times_.watermark = std::max(times_.watermark, Timestamp{newest_event_us_});
    ids_->forget_before(first_second(times_.watermark));
    return {};
}

ModelStrategy append_strategy() {
    return {"append", "Rows one by one, appended.", "append",
            [](const ModelQuery& query) {
                return !query.aggregate && query.asks_for("append") &&
                       !(query.model.changes && !query.model.unique_key.empty());
            },
            [](FlowSpec spec, ModelQuery query, SourceSchema schema, const RuntimeOptions& options,
               RuntimeContext& world) -> std::unique_ptr<ModelStep> {
                return std::make_unique<RowsStep>(std::move(spec), query.model, std::move(schema),
                                                  options, world);
            }};
}

}  // namespace tarn::flow
