#include "steps/windows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tarn/base/memory_level.h"
#include "tarn/base/names.h"
#include "tarn/base/settings.h"
#include "tarn/codec/select_rows.h"
#include "tarn/sql/engine_memory.h"
#include "tarn/sql/error_ids.h"

namespace tarn::flow {
namespace {

// Of what the flows' SQL may hold, in percent: up to here windows that begin keep their groups;
// below this they do so again after memory had run out; and above this the groups of those that are
// open leave too little for other flows.
constexpr int64_t kRoomForGroups = 45, kRoomAgain = 30, kMostOfGroups = 70;
constexpr int64_t kPartOfResults = 8;  // of it, for the groups of a window that kept its rows,
constexpr int kMostHalvings = 5;       // and half as much each time it was too much

constexpr int64_t kFar = int64_t(1) << 62;

int64_t floor_to(int64_t value, int64_t step) {
    auto rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

FlowSpec WindowsStep::spec_of(const project::LiveModel& model, const project::Topic& topic) {
    return {.name = model.name,
            .kind = "live",
            .generation = generation_of(fmt::format(
                "live 1|{}|{}|{}|{}|{}|{}{}", model.sql, model.stream, described(topic),
                model.watermark.us, model.grace.us, model.late,
                model.idle == project::LiveModel().idle ? "" : fmt::format("|{}", model.idle.us))),
            .sql = model.sql,
            .every = model.every};
}

// A name that two columns have, since SQL does not look at case; empty: none.
static std::string column_twice(const std::vector<codec::ColumnSpec>& columns) {
    for (size_t i = 0; i < columns.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            if (same_but_case(columns[i].name, columns[j].name)) return columns[i].name;
    return "";
}

Status WindowsStep::compile() {
    TARN_TRY(auto session, world_.engine.session());
    const sql::StreamSchema streams[] = {{topic_.name, topic_.columns}};
    auto query = sql::LiveQuery::compile(std::move(session), model_.sql, streams, model_.grace);
    if (!query) {
        auto error = query.error().with_context(model_.file);
        return fail(error.code() == ErrorCode::kInvalidArgument ? error.with_id(errors::kModelSql)
                                                                : error);
    }
    const auto& info = (*query)->info();
    if (auto twice = column_twice(info.output); !twice.empty())
        return fail(errors::kModelSql,
                    fmt::format("{}: its view would have column {} twice: name one of them "
                                "otherwise with AS",
                                model_.file, twice));
    auto column =
        std::ranges::find(topic_.columns, info.event_time_column, &codec::ColumnSpec::name);
    if (column == topic_.columns.end() || column->type != codec::ColumnType::kTimestamp ||
        !column->required) {
        return fail(errors::kModelSql,
                    fmt::format("{}: the time of tumble() must be a column of topic {} of type "
                                "timestamp and required: "
                                "true, so that no row is without one: {}",
                                model_.file, topic_.name, info.event_time_column));
    }
    query_ = std::move(*query);
    used_ = false;
    return {};
}

Status WindowsStep::prepare() {
    if (!query_ || used_) TARN_RETURN_IF_ERROR(compile());
    spans_.clear();
    side_rows_.reset();
    first_ = true;
    return {};
}

view::ViewSpec WindowsStep::view() const {
    const auto& info = query_->info();
    view::ViewSpec spec{
        .name = model_.name, .columns = info.output, .key = {info.window_start}, .generation = {}};
    for (int column : info.key)
        if (column != info.window_start) spec.key.push_back(column);
    return spec;
}

// Windows that begin keep groups where there is memory for them, else rows, which spill; and those
// that keep rows have groups again when there is.
Status WindowsStep::choose_store() {
    const auto used = sql::memory_used(world_.engine), limit = sql::memory_limit(world_.engine);
    const bool is_short = memory_level(world_.memory.get()) >= MemoryLevel::kShort;
    if (store_until_ && times_.watermark > *store_until_ && !is_short &&
        used < limit / 100 * kRoomAgain)
        store_until_.reset();
    if (const auto groups = int64_t(query_->memory_bytes()); groups > limit / 100 * kMostOfGroups)
        return fail(errors::kSqlMemory,
                    fmt::format("the groups of its open windows take {} of the {} that the flows' "
                                "SQL may hold now: their rows are read again, onto the disk",
                                format_bytes(groups), format_bytes(limit)));
    const auto room = limit / 100 * kRoomForGroups - used;
    const bool store = store_until_ || is_short || room < 0;
    query_->store_windows(store);
    return store ? Status{} : query_->open_stored_windows(room);
}

Status WindowsStep::run(const Input& input, bool replay) {
    auto done = compute(input, replay);
    // The flow is opened anew, and what is open is built again on the disk.
    if (!done && done.error().code() == ErrorCode::kResourceExhausted) {
        store_until_ = std::max(newest_event_, store_until_.value_or(newest_event_));
        halvings_ = std::min(halvings_ + 1, kMostHalvings);
    } else if (done && !replay) {
        halvings_ = std::max(halvings_ - 1, 0);
    }
    return done;
}

Status WindowsStep::compute(const Input& input, bool replay) {
    used_ = true;
    TARN_RETURN_IF_ERROR(choose_store());
    side_rows_.emplace(side_partitions_);
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    refusals_.clear();
    const auto judged = input.plan.by_epoch ? judge_by_epoch(input) : judge(input);
    for (size_t i = 0; i < input.parts.size(); ++i) {
        const auto& chunk = *input.parts[i].batch;
        counters_.rejected += int64_t(chunk.rejected.size());
        if (chunk.decoded()->row_count > 0) TARN_RETURN_IF_ERROR(add(chunk, judged[i]));
    }
    if (replay) {
        // What it changes stays to be taken: an earlier life may have stored these rows and given
        // nothing yet.
        count_refusals(replay);
        side_rows_.reset();
        return {};
    }
    auto& view = port(kRows);
    view = {.remove_before = remove_before()};
    // The first epoch may be one that the view has from an earlier life, and so ignores.
    const auto part = sql::memory_limit(world_.engine) / kPartOfResults >> halvings_;
    TARN_TRY(auto changes,
             query_->take_changes(&refusals_, {.watermark = times_.watermark,
                                               .memory_bytes = part,
                                               .keep = std::exchange(first_, false)}));
    count_refusals(replay);
    counters_.rows_out += changes ? int64_t(changes->row_count) : 0;
    if (changes) view.rows.push_back(std::move(changes));
    TARN_RETURN_IF_ERROR(side_rows_->finish());
    if (has_port(kLate)) port(kLate).records = std::move(side_rows_);
    side_rows_.reset();
    return {};
}

const int64_t* WindowsStep::event_times_of(const codec::ColumnBatch& rows) const {
    auto at = rows.find(query_->info().event_time_column);
    TARN_CHECK(at >= 0, "the column of event time is decoded");
    return rows.columns[size_t(at)].values<int64_t>();
}

// The batches of all partitions in the order of the log, each by the watermark before it.
std::vector<WindowsStep::Judged> WindowsStep::judge(const Input& input) {
    struct Place {
        uint64_t position;
        size_t part, batch;
    };
    std::vector<Place> order;
    for (size_t i = 0; i < input.parts.size(); ++i) {
        const auto& origins = input.parts[i].batch->origins;
        for (size_t b = 0; b < origins.size(); ++b)
            order.push_back({origins[b].position, i, b});
    }
    std::ranges::sort(order, {}, &Place::position);
    std::vector<Judged> out(input.parts.size());
    newest_event_ = kNoTime;
    clock_.begin(times_);
    for (const auto& place : order) {
        const auto& [source, chunk] = input.parts[place.part];
        const auto& origin = chunk->origins[place.batch];
        auto& judged = out[place.part];
        auto newest = kNoTime;
        if (!has_rows(*chunk, judged, origin.records_to)) continue;
        clock_.turn(origin.written);
        judge_batch(*chunk, saturated(origin.written, kMaxAhead), origin.records_to, judged,
                    newest);
        if (newest == kNoTime) continue;
        clock_.take(size_t(source), size_t(chunk->partition), newest);
        newest_event_ = std::max(newest_event_, newest);
    }
    return out;
}

// As journals of version 3 have it.
std::vector<WindowsStep::Judged> WindowsStep::judge_by_epoch(const Input& input) {
    std::vector<Judged> out(input.parts.size());
    newest_event_ = kNoTime;
    for (size_t i = 0; i < input.parts.size(); ++i)
        judge_batch(*input.parts[i].batch, saturated(input.plan.batch_time, kMaxAhead), SIZE_MAX,
                    out[i], newest_event_);
    times_.watermark =
        std::max(times_.watermark, saturated(newest_event_, Duration{-model_.watermark.us}));
    return out;
}

bool WindowsStep::has_rows(const InputBatch& chunk, const Judged& judged, size_t records_to) {
    const auto next = judged.rows.empty() ? 0 : judged.rows.back().to_row;
    return next < chunk.accepted.size() && chunk.accepted[next] < records_to;
}

// The rows of the records before `records_to` that are not judged yet.
void WindowsStep::judge_batch(const InputBatch& chunk, Timestamp limit, size_t records_to,
                              Judged& judged, Timestamp& newest) {
    const auto& rows = *chunk.decoded();
    const auto* times = event_times_of(rows);
    const auto from = judged.rows.empty() ? 0 : judged.rows.back().to_row;
    auto row = from;
    for (; row < rows.row_count && chunk.accepted[row] < records_to; ++row) {
        if (times[row] > limit.us)
            judged.early.push_back(uint32_t(row));
        else
            newest.us = std::max(newest.us, times[row]);
    }
    if (row == from) return;
    if (judged.rows.empty() || judged.rows.back().watermark != times_.watermark)
        judged.rows.push_back({row, times_.watermark});
    judged.rows.back().to_row = row;
}

Status WindowsStep::add(const InputBatch& chunk, const Judged& judged) {
    const auto& rows = *chunk.decoded();
    if (judged.early.empty()) return add_rows(chunk, rows, {}, judged, judged.rows);
    std::vector<uint32_t> kept;
    auto kept_judged = judged.rows;
    auto early = judged.early.begin();
    auto range = kept_judged.begin();
    for (uint32_t row = 0; row < rows.row_count; ++row) {
        if (early != judged.early.end() && *early == row)
            ++early;
        else
            kept.push_back(row);
        if (row + 1 == range->to_row) (range++)->to_row = kept.size();
    }
    counters_.late += int64_t(judged.early.size());
    counters_.early += int64_t(judged.early.size());
    for (auto row : judged.early)
        TARN_RETURN_IF_ERROR(put_to_side(chunk, judged, row, "early"));
    if (kept.empty()) return {};
    return add_rows(chunk, *codec::select_rows(rows, kept), kept, judged, kept_judged);
}

// `places`: where the rows stand in the chunk's (none: they are those); `ranges` judge them.
Status WindowsStep::add_rows(const InputBatch& chunk, const codec::ColumnBatch& rows,
                             std::span<const uint32_t> places, const Judged& judged,
                             std::span<const sql::LiveQuery::RowsJudged> ranges) {
    late_rows_.clear();
    refused_rows_.clear();
    TARN_RETURN_IF_ERROR(query_->add(rows, ranges, late_rows_, &refused_rows_));
    auto aside = [&](uint32_t row, const std::string& why) {
        return put_to_side(chunk, judged, places.empty() ? row : places[row], why);
    };
    counters_.late += int64_t(late_rows_.size());
    for (auto row : late_rows_)
        TARN_RETURN_IF_ERROR(aside(row, "late"));
    for (const auto& [row, why] : refused_rows_) {
        refusals_.push_back(why);
        TARN_RETURN_IF_ERROR(aside(row, why));
    }
    return {};
}

// Counts rows that an expression refused, and groups whose result does not fit its column.
void WindowsStep::count_refusals(bool replay) {
    counters_.rejected += int64_t(refusals_.size());
    if (!refusals_.empty() && !replay)
        logger_.warn("rows or groups are left out: the SQL refuses a value of them",
                     {{"count", refusals_.size()}, {"first", refusals_.front()}});
    refusals_.clear();
}

Status WindowsStep::put_to_side(const InputBatch& chunk, const Judged& judged, uint32_t row,
                                const std::string& why) {
    if (!has_port(kLate)) return {};
    const auto watermark =
        std::ranges::upper_bound(judged.rows, row, {}, &sql::LiveQuery::RowsJudged::to_row)
            ->watermark;
    const auto& record = chunk.records[chunk.accepted[row]];
    auto size = query_->info().window_size.us;
    auto window_end = std::clamp(event_times_of(*chunk.decoded())[row], -kFar, kFar);
    window_end = floor_to(window_end, size) + size;
    const codec::Header headers[] = {
        {"tarn.reason", why},
        {"tarn.topic", topic_.name},
        {"tarn.partition", std::to_string(chunk.partition)},
        {"tarn.offset", std::to_string(record.offset)},
        {"tarn.timestamp", format_rfc3339(record_time(record))},
        {"tarn.watermark",
         watermark == kNoWatermark ? std::nullopt : std::optional(format_rfc3339(watermark))},
        {"tarn.window_end", format_rfc3339(Timestamp{window_end})},
        {"tarn.model", model_.name},
    };
    return side_rows_->add(chunk.partition, record, headers);
}

// Windows that begin before this are removed from the view: by the watermark after the epoch, at
// the border of a window.
std::optional<Timestamp> WindowsStep::remove_before() const {
    if (times_.watermark == kNoWatermark) return std::nullopt;
    const auto from = saturated(times_.watermark, Duration{-model_.retain.us}).us;
    return Timestamp{floor_to(std::clamp(from, -kFar, kFar), query_->info().window_size.us)};
}

Status WindowsStep::finish(const EpochPlan& plan) {
    if (newest_event_ == kNoTime) return {};
    spans_.push_back({plan.epoch, newest_event_});
    TARN_RETURN_IF_ERROR(query_->close_panes(times_.watermark));
    stored_.set(double(query_->stored_windows()));
    auto oldest = query_->oldest_open_pane().us;
    while (!spans_.empty() && spans_.front().newest_event.us < oldest)
        spans_.pop_front();
    return {};
}

int64_t WindowsStep::oldest_needed(int64_t newest) const {
    return spans_.empty() ? newest + 1 : spans_.front().epoch;
}

}  // namespace tarn::flow
