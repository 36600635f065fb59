#include "steps/windows.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/codec/select_rows.h"
#include "tarn/sql/error_ids.h"

namespace tarn::flow {
namespace {

constexpr int64_t kFar = int64_t(1) << 62;

int64_t floor_to(int64_t value, int64_t step) {
    auto rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

FlowSpec WindowsStep::spec_of(const project::LiveModel& model, const project::Topic& topic) {
    return {.name = model.name,
            .kind = "live",
            .generation = generation_of(
                fmt::format("live 1|{}|{}|{}|{}|{}|{}", model.sql, model.stream, described(topic),
                            model.watermark.us, model.grace.us, model.late)),
            .sql = model.sql,
            .every = model.every};
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
    watermark_ = kNoWatermark;
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

Status WindowsStep::run(const Input& input, bool replay) {
    used_ = true;
    side_rows_.emplace(side_partitions_);
    counters_ = input.plan.before;
    counters_.rows_in += input.records;
    newest_event_us_ = INT64_MIN;
    refusals_.clear();
    for (const auto& [source, chunk] : input.parts) {
        counters_.rejected += int64_t(chunk->rejected.size());
        if (chunk->decoded()->row_count > 0) TARN_RETURN_IF_ERROR(add(*chunk, input.plan));
    }
    if (replay) {
        count_refusals(replay);
        query_->discard_changes();
        side_rows_.reset();
        return {};
    }
    auto& view = port(kRows);
    view = {.remove_before = remove_before()};
    TARN_TRY(auto changes, query_->take_changes(&refusals_));
    count_refusals(replay);
    counters_.rows_out += changes ? int64_t(changes->row_count) : 0;
    if (changes) view.rows.push_back(std::move(changes));
    TARN_RETURN_IF_ERROR(side_rows_->finish());
    if (has_port(kLate)) port(kLate).records = std::move(side_rows_);
    side_rows_.reset();
    return {};
}

Status WindowsStep::add(const InputBatch& chunk, const EpochPlan& plan) {
    const auto& rows = *chunk.decoded();
    auto event_time = rows.find(query_->info().event_time_column);
    TARN_CHECK(event_time >= 0, "the column of event time is decoded");
    const auto* times = rows.columns[size_t(event_time)].values<int64_t>();
    auto limit = plan.batch_time.us + kMaxAhead.us;
    int64_t newest = *std::max_element(times, times + rows.row_count);
    if (newest <= limit) {
        TARN_RETURN_IF_ERROR(add_rows(chunk, rows, {}, plan));
    } else {
        kept_rows_.clear();
        newest = INT64_MIN;
        for (uint32_t row = 0; row < rows.row_count; ++row) {
            if (times[row] > limit) {
                ++counters_.late;
                ++counters_.early;
                TARN_RETURN_IF_ERROR(put_to_side(chunk, plan, row, times[row], "early"));
            } else {
                kept_rows_.push_back(row);
                newest = std::max(newest, times[row]);
            }
        }
        if (!kept_rows_.empty()) {
            auto kept = codec::select_rows(rows, kept_rows_);
            TARN_RETURN_IF_ERROR(add_rows(chunk, *kept, kept_rows_, plan));
        }
    }
    newest_event_us_ = std::max(newest_event_us_, newest);
    return {};
}

// `places`: where the rows stand in the chunk's (none: they are those).
Status WindowsStep::add_rows(const InputBatch& chunk, const codec::ColumnBatch& rows,
                             std::span<const uint32_t> places, const EpochPlan& plan) {
    late_rows_.clear();
    refused_rows_.clear();
    TARN_RETURN_IF_ERROR(query_->add(rows, plan.watermark, late_rows_, &refused_rows_));
    auto aside = [&](uint32_t row, const std::string& why) {
        const auto column = rows.find(query_->info().event_time_column);
        const auto time = rows.columns[size_t(column)].values<int64_t>()[row];
        return put_to_side(chunk, plan, places.empty() ? row : places[row], time, why);
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

Status WindowsStep::put_to_side(const InputBatch& chunk, const EpochPlan& plan, uint32_t row,
                                int64_t event_time_us, const std::string& why) {
    if (!has_port(kLate)) return {};
    const auto& record = chunk.records[chunk.accepted[row]];
    auto size = query_->info().window_size.us;
    auto window_end = std::clamp(event_time_us, -kFar, kFar);
    window_end = floor_to(window_end, size) + size;
    const codec::Header headers[] = {
        {"tarn.reason", why},
        {"tarn.topic", topic_.name},
        {"tarn.partition", std::to_string(chunk.partition)},
        {"tarn.offset", std::to_string(record.offset)},
        {"tarn.timestamp", format_rfc3339(record_time(record))},
        {"tarn.watermark", plan.watermark == kNoWatermark
                               ? std::nullopt
                               : std::optional(format_rfc3339(plan.watermark))},
        {"tarn.window_end", format_rfc3339(Timestamp{window_end})},
    };
    return side_rows_->add(chunk.partition, record, headers);
}

// Windows that begin before this are removed from the view: by the plan's watermark, at the border
// of a window.
std::optional<Timestamp> WindowsStep::remove_before() const {
    if (watermark_ == kNoWatermark) return std::nullopt;
    return Timestamp{floor_to(watermark_.us - model_.retain.us, query_->info().window_size.us)};
}

Status WindowsStep::finish(const EpochPlan& plan) {
    if (newest_event_us_ == INT64_MIN) return {};
    spans_.push_back({plan.epoch, newest_event_us_});
    watermark_ = std::max(watermark_, Timestamp{newest_event_us_} - model_.watermark);
    TARN_RETURN_IF_ERROR(query_->close_panes(watermark_));
    auto oldest = query_->oldest_open_pane().us;
    while (!spans_.empty() && spans_.front().newest_event_us < oldest)
        spans_.pop_front();
    return {};
}

int64_t WindowsStep::oldest_needed(int64_t newest) const {
    return spans_.empty() ? newest + 1 : spans_.front().epoch;
}

}  // namespace tarn::flow
