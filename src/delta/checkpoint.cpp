#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "tarn/base/names.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/table.h"

namespace tarn::delta {
namespace {

constexpr int64_t kDayMs = 24ll * 60 * 60 * 1000;
constexpr int64_t kDefaultLogRetentionMs = 30 * kDayMs;  // delta.logRetentionDuration
constexpr size_t kPortion = 1 << 20;
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

// What a checkpoint holds (PROTOCOL.md "Checkpoints"): the state, without commit info.
class Content {
  public:
    Content(const Snapshot& snapshot, int64_t now_ms) : snapshot_(snapshot), now_ms_(now_ms) {}
    size_t actions = 0;  // that were given out

    // All but files.
    std::string state() {
        std::string lines;
        auto put = [&](const auto& action) {
            append_json(lines, action);
            ++actions;
        };
        put(snapshot_.protocol);
        put(*snapshot_.metadata);
        int64_t oldest = INT64_MIN;
        if (const auto keep = interval_property_ms(*snapshot_.metadata,
                                                   "delta.setTransactionRetentionDuration", -1);
            keep >= 0)
            oldest = now_ms_ - keep;
        for (const auto& [id, txn] : *snapshot_.transactions)
            if (!txn.updated_ms || *txn.updated_ms >= oldest) put(txn);
        for (const auto& [name, domain] : *snapshot_.domains)
            put(domain);
        return lines;
    }
    // Live files, and those that went and are not forgotten yet, as lines that `take` is given in
    // portions; an error of it ends that.
    Status files(size_t most_actions, size_t most_bytes,
                 const std::function<Status(std::string_view)>& take) {
        std::string lines;
        size_t held = 0;
        Status status;
        auto put = [&](auto copy) {
            copy.data_change = false;
            append_json(lines, copy);
            ++actions;
            if (++held < most_actions && lines.size() < most_bytes) return;
            status = take(lines);
            lines.clear();
            held = 0;
        };
        const auto oldest = now_ms_ - interval_property_ms(*snapshot_.metadata,
                                                           "delta.deletedFileRetentionDuration",
                                                           kDefaultFileRetentionMs);
        for (const auto& [key, file] : *snapshot_.tombstones)
            if (status && file.deleted_ms.value_or(0) >= oldest) put(file);
        snapshot_.files.each([&](const FileList::Slot& file) {
            if (status) put(*file);
        });
        if (status && held > 0) status = take(lines);
        return status;
    }

  private:
    const Snapshot& snapshot_;
    const int64_t now_ms_;
};

bool writes_v2(const Snapshot& snapshot) {
    const auto* policy = snapshot.property("delta.checkpointPolicy");
    return policy && same_but_case(*policy, "v2") &&
           has_reader_feature(snapshot.protocol, "v2Checkpoint") &&
           has_writer_feature(snapshot.protocol, "v2Checkpoint");
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

namespace {

// The files of one checkpoint, as they come to be: sidecars first, then what names them.
class CheckpointWriter {
  public:
    CheckpointWriter(io::FileSystem& fs, CheckpointIo& io, const Table& table,
                     const Snapshot& snapshot, const CheckpointOptions& options,
                     const StepHook& step)
        : fs_(fs),
          io_(io),
          table_(table),
          snapshot_(snapshot),
          options_(options),
          step_(step),
          content_(snapshot, options.now_ms) {}

    Status run() {
        TARN_RETURN_IF_ERROR(hit("before_checkpoint"));
        const bool v2 = writes_v2(snapshot_);
        std::string name = checkpoint_name(snapshot_.version);
        std::string lines = content_.state();
        if (v2) {
            name = checkpoint_name(snapshot_.version, options_.new_id());
            append_json(lines, CheckpointMetadata{snapshot_.version});
            TARN_RETURN_IF_ERROR(sidecars(lines));
        } else {
            TARN_RETURN_IF_ERROR(
                content_.files(SIZE_MAX, kPortion, [&](std::string_view files) -> Status {
                    lines += files;
                    return {};
                }));
        }
        // Written beside and renamed: a checkpoint is there whole or not at all.
        const auto& folder = table_.log_folder();
        const auto temporary = folder + "/." + name + ".tmp";
        TARN_TRY(const auto bytes,
                 io_.write(temporary, v2 ? CheckpointColumns::kTop : CheckpointColumns::kClassic,
                           lines));
        TARN_RETURN_IF_ERROR(hit("before_checkpoint_rename"));
        TARN_RETURN_IF_ERROR(fs_.rename(temporary, folder + "/" + name));
        TARN_RETURN_IF_ERROR(fs_.sync_folder(folder));
        TARN_RETURN_IF_ERROR(hit("before_last_checkpoint"));
        TARN_RETURN_IF_ERROR(fs_.replace(folder + "/_last_checkpoint", hint(v2, name, bytes)));
        // Checksums that Hadoop's local file system may have left of files we have just replaced.
        for (auto stale : {std::string("._last_checkpoint.crc"), "." + name + ".crc"})
            if (auto path = folder + "/" + stale; fs_.exists(path))
                TARN_RETURN_IF_ERROR(fs_.remove(path));
        return hit("after_checkpoint");
    }

  private:
    Status hit(std::string_view name) const { return step_ ? step_(name) : Status(); }

    // Nobody knows them yet: what a crash leaves of them goes with clean_sidecars().
    Status sidecars(std::string& lines) {
        const auto folder = table_.sidecar_folder();
        TARN_RETURN_IF_ERROR(fs_.create_folders(folder));
        auto write = [&](std::string_view files) -> Status {
            TARN_RETURN_IF_ERROR(hit("before_sidecar"));
            Sidecar sidecar{options_.new_id().str() + ".parquet", 0, options_.now_ms};
            TARN_TRY(const auto bytes,
                     io_.write(folder + "/" + sidecar.path, CheckpointColumns::kFiles, files));
            sidecar.size = int64_t(bytes);
            sidecar_bytes_ += bytes;
            append_json(lines, sidecar);
            return {};
        };
        TARN_RETURN_IF_ERROR(
            content_.files(options_.sidecar_actions, options_.sidecar_bytes, write));
        return fs_.sync_folder(folder);
    }
    // PROTOCOL.md "Last Checkpoint File Schema"; v2Checkpoint as Spark has it.
    std::string hint(bool v2, const std::string& name, uint64_t bytes) const {
        auto out = fmt::format(R"({{"version":{},"size":{},"sizeInBytes":{},"numOfAddFiles":{})",
                               snapshot_.version, content_.actions, bytes + sidecar_bytes_,
                               snapshot_.files.size());
        if (v2)
            out += fmt::format(
                R"(,"v2Checkpoint":{{"path":"{}","sizeInBytes":{},"modificationTime":{}}})", name,
                bytes, options_.now_ms);
        return out + "}";
    }

    io::FileSystem& fs_;
    CheckpointIo& io_;
    const Table& table_;
    const Snapshot& snapshot_;
    const CheckpointOptions& options_;
    const StepHook& step_;
    Content content_;
    uint64_t sidecar_bytes_ = 0;
};

}  // namespace

Status Table::write_checkpoint(const CheckpointOptions& options, const StepHook& step) {
    const auto snapshot = options.of ? options.of : this->snapshot();
    if (!snapshot)
        return fail(ErrorCode::kFailedPrecondition, "checkpoint of a table that was not read");
    if (!checkpoints_) return fail(ErrorCode::kUnsupported, "no writer for checkpoints");
    return CheckpointWriter(fs_, *checkpoints_, *this, *snapshot, options, step).run();
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
    // Names sort by version. A crash may leave any of what goes, but for the first commit: while
    // that is there, nothing is gone.
    for (auto& info : names) {
        auto file = parse_log_name(info.name);
        // Nobody reads a compaction whose first commit is gone.
        const auto first_kept = file.kind == LogFileKind::kCompacted ? keep + 1 : keep;
        const bool unfinished = info.name.starts_with('.') && info.name.ends_with(".tmp") &&
                                info.modified.ms() < now_ms - kDayMs;
        if (file.kind == LogFileKind::kOther ? !unfinished : file.version >= first_kept) continue;
        if (step) TARN_RETURN_IF_ERROR(step("before_clean"));
        TARN_RETURN_IF_ERROR(fs_.remove(log_folder() + "/" + info.name));
        ++removed;
        if (file.kind == LogFileKind::kCommit && file.version == 0)
            TARN_RETURN_IF_ERROR(fs_.sync_folder(log_folder()));
    }
    if (removed == 0) return removed;
    TARN_TRY(const auto sidecars, clean_sidecars(now_ms, step));
    return removed + sidecars;
}

Result<int> Table::clean_sidecars(int64_t now_ms, const StepHook& step) {
    auto files = fs_.list(sidecar_folder());
    if (!files && files.error().code() == ErrorCode::kNotFound) return 0;
    if (!files) return fail(std::move(files).error());
    // A checkpoint that is being written does not name its sidecars yet.
    std::erase_if(*files, [&](const auto& info) {
        return info.folder || info.modified.ms() > now_ms - kDayMs ||
               !info.name.ends_with(".parquet");
    });
    if (files->empty()) return 0;
    TARN_TRY(const auto log, list_log(fs_, log_folder()));
    std::set<std::string> named;
    for (const auto& checkpoint : log.checkpoints)
        for (const auto& name : checkpoint.files)
            TARN_RETURN_IF_ERROR(
                read_checkpoint_file(log_folder() + "/" + name, checkpoint.json,
                                     CheckpointColumns::kSidecars, [&](Action&& action) -> Status {
                                         if (auto* sidecar = std::get_if<Sidecar>(&action))
                                             named.insert(name_of(*sidecar));
                                         return {};
                                     }));
    int removed = 0;
    for (const auto& info : *files) {
        if (named.contains(info.name)) continue;
        if (step) TARN_RETURN_IF_ERROR(step("before_clean"));
        TARN_RETURN_IF_ERROR(fs_.remove(sidecar_folder() + "/" + info.name));
        ++removed;
    }
    return removed;
}

}  // namespace tarn::delta
