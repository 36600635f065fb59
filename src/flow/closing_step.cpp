#include "closing_step.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

#include "tarn/base/memory_level.h"
#include "tarn/codec/select_rows.h"
#include "tarn/project/model_kind.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/parquet.h"
#include "tarn/sql/window_start.h"

namespace tarn::flow {
namespace {

constexpr int64_t kRowsOfCheckpoint = 200'000;  // at least so many rows are worth one,
constexpr int64_t kRowsOfSession = 8;           // and so many for each session it would hold
constexpr size_t kRowsOfPiece = 200'000;  // of input that is merged at once: a look at all sessions
constexpr size_t kRowsWhenShort = 50'000;  // and while memory is short
constexpr size_t kMostParts = 64;  // of the open sessions; of more the small ones are merged

Timestamp less(Timestamp time, Duration by) { return saturated(time, Duration{-by.us}); }

}  // namespace

Status ClosingStep::compile() {
    auto bad = [&](std::string what) {
        return fail(wrong(Error(errors::kModelSql, std::move(what))));
    };
    const auto& info = query_->info();
    if (auto why = project::refused_key(model_, spec_.strategy)) return bad(*why);
    auto time = std::ranges::find(schema_.columns, closing_.event_time, &codec::ColumnSpec::name);
    if (time == schema_.columns.end() || time->type != codec::ColumnType::kTimestamp)
        return bad(fmt::format("the time of {} must be a TIMESTAMPTZ column of {}: {}",
                               closing_.size.us > 0 ? "tumble()" : "session()", schema_.name,
                               closing_.event_time));
    return set_output(info.output, schema_.columns);
}

std::string ClosingStep::checkpoint_path(int64_t epoch, std::string_view end) const {
    return fmt::format("{}/checkpoint-{}-{:012}{}", state_folder(), spec_.generation, epoch, end);
}

std::string ClosingStep::part_path(int64_t epoch, int64_t part) const {
    return checkpoint_path(epoch, fmt::format(".{}.parquet", part));
}

// All of the generation, also parts of one that is not whole.
Result<std::vector<ClosingStep::CheckpointFile>> ClosingStep::checkpoint_files() const {
    std::vector<CheckpointFile> out;
    auto files = world_.fs.list(state_folder());
    if (!files) {
        if (files.error().code() == ErrorCode::kNotFound) return out;
        return fail(files.error());
    }
    const auto prefix = "checkpoint-" + spec_.generation + "-";
    for (auto& file : *files) {
        if (!file.name.starts_with(prefix)) continue;
        int64_t epoch = 0;
        const auto* last = file.name.data() + file.name.size();
        auto [end, error] = std::from_chars(file.name.data() + prefix.size(), last, epoch);
        const std::string_view rest(end, last);
        if (error == std::errc())
            out.push_back({epoch, rest == ".parquet" || rest == ".parts", std::move(file.name)});
    }
    return out;
}

Result<int64_t> ClosingStep::parts_of(int64_t epoch) const {
    const auto path = checkpoint_path(epoch, ".parts");
    if (!world_.fs.exists(path)) return 0;
    TARN_TRY(auto text, world_.fs.read_all(path));
    int64_t parts = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts);
    if (error != std::errc() || end != text.data() + text.size() || parts < 1)
        return fail(ErrorCode::kCorrupted, "a checkpoint does not say its parts: " + path);
    return parts;
}

Status ClosingStep::read_checkpoint(int64_t epoch) {
    TARN_TRY(auto parts, parts_of(epoch));
    for (int64_t part = 1; part <= parts; ++part)
        TARN_RETURN_IF_ERROR(read_rows(part_path(epoch, part)));
    if (parts > 0) return {};
    const auto path = checkpoint_path(epoch);
    TARN_TRY(auto info, world_.fs.stat(path));
    return info.size == 0 ? Status() : read_rows(path);
}

Status ClosingStep::read_rows(const std::string& path) {
    TARN_TRY(auto session, world_.engine.session());
    std::string list;
    for (const auto& column : query_->info().state)
        list += (list.empty() ? "\"" : ", \"") + column.name + "\"";
    auto rows =
        session->query_columns(fmt::format("select {} from read_parquet('tarn://{}')", list, path));
    if (!rows) return fail(rows.error().with_context("reading a checkpoint"));
    for (size_t i = 0; i < rows->schema.size(); ++i)
        if (rows->schema[i].type != query_->info().state[i].type)
            return fail(ErrorCode::kCorrupted, "a checkpoint has other columns: " + path);
    open_.add(std::make_shared<const codec::ColumnBatch>(std::move(*rows)));
    return bound_memory();
}

// The newest checkpoint that is not past the journal: a later one is of an epoch that runs again.
Status ClosingStep::load_state() {
    open_.clear();
    TARN_RETURN_IF_ERROR(remove_spill_folder());
    checkpoint_ = -1;
    rows_since_ = 0;
    if (!journal()) return {};
    TARN_TRY(auto files, checkpoint_files());
    for (const auto& file : files)
        if (file.whole && file.epoch <= journal()->done().epoch)
            checkpoint_ = std::max(checkpoint_, file.epoch);
    if (checkpoint_ + 1 < journal()->needed())
        return fail(ErrorCode::kCorrupted,
                    fmt::format("the checkpoint of batch {} is missing: {}: put it back, or drop "
                                "the flow's sinks and {} to begin anew",
                                journal()->needed() - 1, checkpoint_path(journal()->needed() - 1),
                                state_folder()));
    if (checkpoint_ >= 0) TARN_RETURN_IF_ERROR(read_checkpoint(checkpoint_));
    return {};
}

bool ClosingStep::late(int64_t event_time_us, int64_t passed_us) const {
    if (closing_.size.us == 0) return event_time_us < passed_us;
    const auto start = Timestamp{sql::window_start(event_time_us, closing_.size.us)};
    return passed_us != kNoTime.us && saturated(start, closing_.size).us <= passed_us;
}

BatchPtr ClosingStep::on_time(const BatchPtr& rows, Timestamp limit, Timestamp& newest) {
    auto at = rows->find(closing_.event_time);
    const auto& column = rows->columns[size_t(at)];
    const auto* times = column.values<int64_t>();
    const auto closed = less(times_.watermark, model_.grace).us;
    std::vector<uint32_t> kept, behind, early, timeless;
    for (uint32_t row = 0; row < rows->row_count; ++row) {
        if (column.is_null(row))
            timeless.push_back(row);
        else if (times[row] > limit.us)
            early.push_back(row);
        else if (late(times[row], closed))
            behind.push_back(row);
        else
            kept.push_back(row);
    }
    for (auto row : kept)
        newest.us = std::max(newest.us, times[row]);
    counters_.late += int64_t(behind.size() + early.size() + timeless.size());
    counters_.early += int64_t(early.size());
    put_to_side(rows, behind, "late");
    put_to_side(rows, early, "early");
    put_to_side(rows, timeless, "no event time");
    return kept.size() == rows->row_count ? rows : codec::select_rows(*rows, kept);
}

std::vector<BatchPtr> ClosingStep::judge(const Input& input) {
    const auto& plan = input.plan;
    std::vector<BatchPtr> kept;
    if (plan.by_epoch) {
        auto newest = kNoTime;
        for (const auto& rows : batches_of(input))
            kept.push_back(on_time(rows, saturated(plan.batch_time, kMaxAhead), newest));
        times_.watermark = std::max(times_.watermark, less(newest, model_.watermark));
        return kept;
    }
    clock_.begin(times_);
    const auto& to = plan.ranges.back().to;
    for (size_t i = 0; i < input.parts.size(); ++i) {
        const auto& slice = *input.parts[i].batch;
        auto& newest = times_.partitions.at(0).at(0).newest;
        // A clock that was ahead when the version was committed lets nothing through for it.
        const auto limit = saturated(std::min(slice.arrived, plan.batch_time), kMaxAhead);
        for (const auto& rows : slice.rows)
            kept.push_back(on_time(rows, limit, newest));
        const bool last = i + 1 == input.parts.size()
                              ? to.at > slice.from.at
                              : input.parts[i + 1].batch->from.at > slice.from.at;
        if (!last || newest == kNoTime) continue;
        clock_.turn(slice.arrived);
        clock_.take(0, 0, newest);
    }
    return kept;
}

// Moves what is over out of the open ones: they are the epoch's rows.
Status ClosingStep::close() {
    if (times_.watermark == kNoWatermark) return {};
    const auto passed = less(less(times_.watermark, model_.grace), closing_.gap);
    TARN_TRY(auto closed, open_.take_last_below(passed.us));
    for (const auto& some : closed)
        counters_.rows_out += int64_t(some->row_count);
    if (closed.empty() || replaying_) return {};
    return in_pieces(closed, [&](const std::vector<BatchPtr>& some) -> Status {
        TARN_TRY(auto rows, query_->finish(some));
        rows_.push_back(std::move(rows));
        return {};
    });
}

// Pieces of so many rows that what SQL makes of one is bounded, in their order.
std::vector<std::vector<BatchPtr>> ClosingStep::pieces(std::vector<BatchPtr> batches, size_t most) {
    std::vector<std::vector<BatchPtr>> out;
    size_t rows = most;
    auto put = [&](BatchPtr batch) {
        if (rows + batch->row_count > most) {
            out.emplace_back();
            rows = 0;
        }
        rows += batch->row_count;
        out.back().push_back(std::move(batch));
    };
    for (auto& batch : batches) {
        const auto count = batch->row_count;
        if (count == 0) continue;
        if (count <= most) {
            put(std::move(batch));
            continue;
        }
        for (size_t from = 0; from < count; from += most) {
            std::vector<uint32_t> which(std::min(most, count - from));
            std::iota(which.begin(), which.end(), uint32_t(from));
            put(codec::select_rows(*batch, which));
        }
    }
    return out;
}

Status ClosingStep::compute(const Input& input, bool replay) {
    replaying_ = replay;
    const bool is_short = memory_level(world_.memory.get()) >= MemoryLevel::kShort;
    for (const auto& rows : pieces(judge(input), is_short ? kRowsWhenShort : kRowsOfPiece))
        TARN_RETURN_IF_ERROR(add(rows));
    rows_since_ += input.records;
    return close();
}

// Sessions of these rows, together with the open ones that have the same keys.
Status ClosingStep::add(const std::vector<BatchPtr>& rows) {
    auto partial = [&](const std::vector<BatchPtr>& some) { return query_->partial(some); };
    RefusedInputs refused;
    TARN_TRY(auto added, partial_of_good_rows(rows, partial, refused));
    std::vector<BatchPtr> standing;
    if (open_.parts() >= kMostParts) {
        TARN_TRY(standing, open_.take_small(kRowsWhenShort));
    }
    for (const auto& states : added.states) {
        TARN_TRY(auto same, open_.take_keys_of(*states));
        std::ranges::move(same, std::back_inserter(standing));
    }
    TARN_TRY(auto merged, merge_good_rows(*query_, std::move(standing), added, partial, refused));
    for (auto& part : merged)
        open_.add(std::move(part));
    refuse(refused);
    return bound_memory();
}

Status ClosingStep::bound_memory() {
    if (int64_t(open_.memory_bytes()) <= state_share()) return {};
    TARN_RETURN_IF_ERROR(make_spill_folder());
    return open_.spill(world_.fs, spill_folder());
}

Status ClosingStep::write_rows(const std::string& path, const std::vector<BatchPtr>& rows) {
    TARN_TRY(auto session, world_.engine.session());
    std::vector<int> columns(query_->info().state.size());
    std::iota(columns.begin(), columns.end(), 0);
    const auto fresh = path + ".new";
    TARN_TRY([[maybe_unused]] auto file, sql::write_parquet(*session, fresh, rows, columns));
    return world_.fs.rename(fresh, path);
}

// In parts, if they are many: neither writing nor reading it takes more memory than one.
Status ClosingStep::write_checkpoint(int64_t epoch) {
    TARN_RETURN_IF_ERROR(failpoints().hit("flow.checkpoint.before"));
    // One of an earlier life that the journal does not know: its parts are written anew.
    if (const auto mark = checkpoint_path(epoch, ".parts"); world_.fs.exists(mark)) {
        TARN_RETURN_IF_ERROR(world_.fs.remove(mark));
        TARN_RETURN_IF_ERROR(world_.fs.sync_folder(state_folder()));
    }
    std::vector<BatchPtr> rows;
    size_t count = 0;
    int64_t parts = 0;
    auto write_part = [&]() -> Status {
        TARN_RETURN_IF_ERROR(write_rows(part_path(epoch, ++parts), rows));
        rows.clear();
        count = 0;
        return {};
    };
    auto take = [&](BatchPtr some) -> Status {
        if (count > 0 && count + some->row_count > options_.checkpoint_part_rows)
            TARN_RETURN_IF_ERROR(write_part());
        count += some->row_count;
        rows.push_back(std::move(some));
        return {};
    };
    TARN_RETURN_IF_ERROR(open_.for_rows(take));
    if (parts > 0) {
        TARN_RETURN_IF_ERROR(write_part());
        TARN_RETURN_IF_ERROR(failpoints().hit("flow.checkpoint.parts"));
        TARN_RETURN_IF_ERROR(world_.fs.sync_folder(state_folder()));
        TARN_RETURN_IF_ERROR(
            world_.fs.replace(checkpoint_path(epoch, ".parts"), std::to_string(parts)));
    } else if (rows.empty()) {
        TARN_RETURN_IF_ERROR(world_.fs.replace(checkpoint_path(epoch), ""));
    } else {
        TARN_RETURN_IF_ERROR(write_rows(checkpoint_path(epoch), rows));
        TARN_RETURN_IF_ERROR(world_.fs.sync_folder(state_folder()));
    }
    TARN_RETURN_IF_ERROR(failpoints().hit("flow.checkpoint.after"));
    checkpoint_ = epoch;
    rows_since_ = 0;
    return remove_old_checkpoints();
}

// Those that the durable part of the journal does not rely on. What says that one is there goes
// before its parts.
Status ClosingStep::remove_old_checkpoints() {
    TARN_TRY(auto files, checkpoint_files());
    for (const bool whole : {true, false})
        for (const auto& file : files)
            if (file.whole == whole && file.epoch + 1 < journal()->needed())
                TARN_RETURN_IF_ERROR(world_.fs.remove(state_folder() + "/" + file.name));
    return {};
}

Status ClosingStep::finish(const EpochPlan& plan) {
    if (replaying_) return {};
    auto worth = std::max(kRowsOfCheckpoint / options_.checkpoint_divisor,
                          kRowsOfSession * int64_t(open_.size()));
    if (rows_since_ < worth) return {};
    auto written = write_checkpoint(plan.epoch);
    if (written || written.error().code() == ErrorCode::kCancelled) return written;
    // The input is held instead.
    logger_.warn("a checkpoint could not be written",
                 {{"batch_id", plan.epoch}, {"reason", written.error().message()}});
    rows_since_ = 0;
    return {};
}

}  // namespace tarn::flow
