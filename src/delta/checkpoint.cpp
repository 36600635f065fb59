#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tarn/delta/actions_json.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/table.h"

namespace tarn::delta {
namespace {

constexpr int64_t kDayMs = 24ll * 60 * 60 * 1000;
constexpr int64_t kDefaultLogRetentionMs = 30 * kDayMs;  // delta.logRetentionDuration
constexpr int64_t kDefaultFileRetentionMs = 7 * kDayMs;  // delta.deletedFileRetentionDuration

int64_t unit_ms(std::string_view unit) {
    if (unit.ends_with('s')) unit.remove_suffix(1);
    if (unit == "millisecond") return 1;
    if (unit == "second") return 1000;
    if (unit == "minute") return 60'000;
    if (unit == "hour") return 3'600'000;
    if (unit == "day") return kDayMs;
    if (unit == "week") return 7 * kDayMs;
    return 0;
}

// Checkpoint contents (PROTOCOL.md "Checkpoints"): the state, without commit info.
std::string checkpoint_lines(const Snapshot& snapshot, int64_t now_ms, int64_t& actions) {
    std::string lines;
    auto put = [&](const auto& action) {
        append_json(lines, action);
        ++actions;
    };
    put(snapshot.protocol);
    put(*snapshot.metadata);
    auto& meta = *snapshot.metadata;
    int64_t oldest = now_ms - interval_property_ms(meta, "delta.deletedFileRetentionDuration",
                                                   kDefaultFileRetentionMs);
    int64_t oldest_txn = INT64_MIN;
    if (int64_t keep = interval_property_ms(meta, "delta.setTransactionRetentionDuration", -1);
        keep >= 0)
        oldest_txn = now_ms - keep;
    for (auto& [id, txn] : *snapshot.transactions)
        if (!txn.updated_ms || *txn.updated_ms >= oldest_txn) put(txn);
    for (auto& [name, domain] : *snapshot.domains)
        put(domain);
    for (auto& [key, file] : *snapshot.tombstones) {
        if (file.deleted_ms.value_or(0) < oldest) continue;
        RemoveFile copy = file;
        copy.data_change = false;
        put(copy);
    }
    snapshot.files.each([&](const FileList::Slot& file) {
        AddFile copy = *file;
        copy.data_change = false;
        put(copy);
    });
    return lines;
}

}  // namespace

int64_t interval_property_ms(const Metadata& metadata, std::string_view key, int64_t default_ms) {
    auto text = find(metadata.configuration, key);
    if (!text) return default_ms;
    std::string_view rest = *text;
    if (rest.starts_with("interval ")) rest.remove_prefix(9);
    int64_t total = 0;
    bool any = false;
    while (!rest.empty()) {
        int64_t number = 0;
        auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        rest.remove_prefix(size_t(end - rest.data()));
        if (error != std::errc() || !rest.starts_with(' ')) return default_ms;
        rest.remove_prefix(1);
        auto unit = unit_ms(rest.substr(0, rest.find(' ')));
        if (unit == 0) return default_ms;
        total += number * unit;
        any = true;
        auto blank = rest.find(' ');
        rest = blank == rest.npos ? std::string_view() : rest.substr(blank + 1);
    }
    return any ? total : default_ms;
}

Status Table::write_checkpoint(int64_t now_ms, const StepHook& step) {
    auto snapshot = this->snapshot();
    if (!snapshot)
        return fail(ErrorCode::kFailedPrecondition, "checkpoint of a table that was not read");
    if (!checkpoints_) return fail(ErrorCode::kUnsupported, "no writer for checkpoints");
    auto hit = [&](std::string_view name) { return step ? step(name) : Status(); };
    auto name = checkpoint_name(snapshot->version);
    int64_t actions = 0;
    auto lines = checkpoint_lines(*snapshot, now_ms, actions);
    // Written beside and renamed: a checkpoint is there whole or not at all.
    auto temporary = log_folder() + "/." + name + ".tmp";
    TARN_RETURN_IF_ERROR(hit("before_checkpoint"));
    TARN_TRY(auto bytes, checkpoints_->write(temporary, lines));
    TARN_RETURN_IF_ERROR(hit("before_checkpoint_rename"));
    TARN_RETURN_IF_ERROR(fs_.rename(temporary, log_folder() + "/" + name));
    TARN_RETURN_IF_ERROR(fs_.sync_folder(log_folder()));
    TARN_RETURN_IF_ERROR(hit("before_last_checkpoint"));
    TARN_RETURN_IF_ERROR(
        fs_.replace(log_folder() + "/_last_checkpoint",
                    fmt::format(R"({{"version":{},"size":{},"sizeInBytes":{},"numOfAddFiles":{}}})",
                                snapshot->version, actions, bytes, snapshot->files.size())));
    // Checksums that Hadoop's local file system may have left of files we have just replaced.
    for (auto stale : {std::string("._last_checkpoint.crc"), "." + name + ".crc"})
        if (auto path = log_folder() + "/" + stale; fs_.exists(path))
            TARN_RETURN_IF_ERROR(fs_.remove(path));
    return hit("after_checkpoint");
}

Result<int> Table::clean_log(int64_t now_ms, int64_t held, const StepHook& step) {
    auto snapshot = this->snapshot();
    if (!snapshot)
        return fail(ErrorCode::kFailedPrecondition, "log cleanup of a table that was not read");
    int64_t cutoff =
        now_ms - interval_property_ms(*snapshot->metadata, "delta.logRetentionDuration",
                                      kDefaultLogRetentionMs);
    TARN_TRY(auto log, list_log(fs_, log_folder()));
    int64_t keep = -1;  // the newest checkpoint whose commit is at or before the cutoff
    for (auto& checkpoint : log.checkpoints) {
        auto commit = log.commits.find(checkpoint.version);
        if (commit == log.commits.end() || commit->second.modified.ms() > cutoff) continue;
        if (checkpoint.version > held) continue;
        keep = checkpoint.version;
        break;
    }
    if (keep < 0) return 0;
    TARN_TRY(auto names, fs_.list(log_folder()));
    int removed = 0;
    // Names sort by version: a crash leaves a log without its oldest part.
    for (auto& info : names) {
        auto file = parse_log_name(info.name);
        if (file.kind == LogFileKind::kOther || file.version >= keep) continue;
        if (file.kind == LogFileKind::kCompacted && file.end_version >= keep) continue;
        if (file.kind == LogFileKind::kCheckpointV2) continue;  // its sidecars would be left behind
        if (step) TARN_RETURN_IF_ERROR(step("before_clean"));
        TARN_RETURN_IF_ERROR(fs_.remove(log_folder() + "/" + info.name));
        ++removed;
    }
    return removed;
}

}  // namespace tarn::delta
