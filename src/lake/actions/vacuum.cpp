// VACUUM: what nobody needs any more goes from the disk. What is needed is gathered first, and
// anything that cannot be read ends it before a file goes.

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "table_files.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/maintain.h"

namespace tarn::errors {
extern const ErrorId kRetentionShort;
extern const ErrorId kVacuumLite;
}  // namespace tarn::errors

namespace tarn::lake {
namespace {

constexpr int64_t kDefaultRetentionMs = 7ll * 24 * 60 * 60 * 1000;
constexpr std::string_view kRetention = "delta.deletedFileRetentionDuration";
constexpr std::string_view kChangeData = "_change_data", kLog = "_delta_log";
constexpr std::string_view kStart = "VACUUM START", kEnd = "VACUUM END";
constexpr int kMostDepth = 64;  // of folders

class Vacuum {
  public:
    Vacuum(Lake& lake, Lake::Impl& impl, Entry& entry, const VacuumRequest& request)
        : lake_(lake), impl_(impl), entry_(entry), request_(request), fs_(impl.context.fs) {}

    Result<VacuumOutcome> run() {
        TARN_TRY(snapshot_, impl_.snapshot(request_.table));
        TARN_RETURN_IF_ERROR(delta::check_writable(snapshot_->protocol, *snapshot_->metadata));
        TARN_RETURN_IF_ERROR(set_cutoff());
        TARN_RETURN_IF_ERROR(gather());
        TARN_RETURN_IF_ERROR(request_.lite ? find_in_log() : find_on_disk("", 0));
        for (const auto& [path, bytes] : goes_) {
            ++outcome_.files;
            outcome_.bytes += bytes;
            if (outcome_.paths.size() < VacuumOutcome::kMostPaths) outcome_.paths.push_back(path);
        }
        outcome_.version = snapshot_->version;
        if (request_.dry_run || goes_.empty()) return outcome_;
        TARN_RETURN_IF_ERROR(remove());
        return outcome_;
    }

  private:
    Status set_cutoff() {
        now_ms_ = impl_.context.clock.now().ms();
        least_ms_ =
            delta::interval_property_ms(*snapshot_->metadata, kRetention, kDefaultRetentionMs);
        retain_ms_ = request_.retain ? request_.retain->us / 1000 : least_ms_;
        if (retain_ms_ < 0) return fail(ErrorCode::kInvalidArgument, "a retention is not negative");
        if (retain_ms_ < least_ms_ && !request_.force)
            return fail(errors::kRetentionShort,
                        fmt::format("table {} keeps what was removed for {}, which {} is less than",
                                    request_.table, format_duration(Duration::millis(least_ms_)),
                                    format_duration(Duration::millis(retain_ms_))));
        cutoff_ms_ = now_ms_ - retain_ms_;
        return {};
    }

    // Whatever any reader may still ask for.
    Status gather() {
        TARN_RETURN_IF_ERROR(needed_.add_all(*snapshot_, cutoff_ms_));
        if (const auto held = impl_.held(request_.table); held <= snapshot_->version)
            TARN_RETURN_IF_ERROR(gather_since(std::max<int64_t>(0, held)));
        MutexLock moves(impl_.moving);
        for (const auto& dropped : impl_.dropped_tables()) {
            delta::Table table(fs_, impl_.path_of(dropped), impl_.checkpoints.get());
            const auto other = table.refresh();
            if (!other)
                return fail(other.error().with_context(fmt::format(
                    "nothing was removed, since it is not known whether table {0}, which was "
                    "dropped and can be brought back, refers to files of {1} (`tarn table drop {0} "
                    "--purge --yes` removes it for good)",
                    dropped.name, request_.table)));
            TARN_RETURN_IF_ERROR(gather_shared(**other));
        }
        for (const auto& name : lake_.tables()) {
            if (name == request_.table) continue;
            auto other = impl_.snapshot(name);
            if (!other && other.error().code() == ErrorCode::kNotFound) continue;  // dropped
            if (!other)
                return fail(std::move(other).error().with_context(
                    "nothing was removed, since it is not known whether table " + name +
                    " refers to files of " + request_.table));
            TARN_RETURN_IF_ERROR(gather_shared(**other));
        }
        return {};
    }
    // What a flow reads that goes on from a version.
    Status gather_since(int64_t version) {
        TARN_TRY(auto held, entry_.table.at(version));
        TARN_RETURN_IF_ERROR(needed_.add_all(*held, INT64_MAX));
        for (int64_t v = version; v <= snapshot_->version; ++v) {
            TARN_TRY(auto actions, delta::read_commit(fs_, entry_.table.log_folder(), v));
            for (const auto& action : actions) {
                if (const auto* add = std::get_if<delta::AddFile>(&action))
                    TARN_RETURN_IF_ERROR(needed_.add(*add, snapshot_->root));
                if (const auto* change = std::get_if<delta::ChangeFile>(&action))
                    TARN_RETURN_IF_ERROR(needed_.add(*change, snapshot_->root));
            }
        }
        return {};
    }
    // Files of this table that another one has, or has had within its own retention.
    Status gather_shared(const delta::Snapshot& other) {
        const auto least =
            delta::interval_property_ms(*other.metadata, kRetention, kDefaultRetentionMs);
        return needed_.add_all(other, std::min(cutoff_ms_, now_ms_ - least));
    }

    // Partition folders may begin as hidden ones do.
    bool is_partition_folder(std::string_view name) const {
        const auto equals = name.find('=');
        if (equals == name.npos) return false;
        const auto mapping = snapshot_->mapping();
        return std::ranges::any_of(snapshot_->metadata->partition_columns, [&](const auto& column) {
            const auto* field = snapshot_->schema->find(column);
            const auto folder = name.substr(0, equals);
            return folder == delta::hive_escape(column) ||
                   (field && folder == delta::hive_escape(delta::physical_name(*field, mapping)));
        });
    }
    bool is_hidden(std::string_view name) const {
        return (name.starts_with('_') || name.starts_with('.')) && !is_partition_folder(name);
    }

    // `folder`: of the table, empty or with a slash behind.
    Status find_on_disk(const std::string& folder, int depth) {
        if (depth > kMostDepth) return {};
        auto names = fs_.list(snapshot_->root + "/" + folder);
        if (!names) return fail(std::move(names).error());
        const bool table =
            std::ranges::any_of(*names, [](const auto& info) { return info.name == kLog; });
        if (table && !folder.empty()) return {};  // another one
        for (const auto& info : *names) {
            const bool changes = folder.empty() && info.folder && info.name == kChangeData;
            if (is_hidden(info.name) && !changes) continue;
            const auto path = folder + info.name;
            if (info.folder)
                TARN_RETURN_IF_ERROR(find_on_disk(path + "/", depth + 1));
            else if (info.modified.ms() < cutoff_ms_ && !needed_.contains(path))
                goes_.emplace(path, info.size);
        }
        return {};
    }

    // Files that the log has taken away, and the change data of old commits.
    Status find_in_log() {
        TARN_TRY(auto log, delta::list_log(fs_, entry_.table.log_folder()));
        NeededFiles named(snapshot_->root);
        int64_t oldest_ms = INT64_MAX, vacuumed_ms = -1, begun_ms = -1;
        for (const auto& [version, info] : log.commits) {
            if (version > snapshot_->version) break;
            TARN_TRY(auto actions, delta::read_commit(fs_, entry_.table.log_folder(), version));
            int64_t time_ms = info.modified.ms();
            for (const auto& action : actions)
                if (const auto* commit = std::get_if<delta::CommitInfo>(&action)) {
                    time_ms = commit->timestamp_ms.value_or(time_ms);
                    if (commit->operation == kStart) begun_ms = cutoff_of(*commit);
                    if (commit->operation == kEnd && is_complete(*commit))
                        vacuumed_ms = std::max(vacuumed_ms, begun_ms);
                }
            oldest_ms = std::min(oldest_ms, time_ms);
            for (const auto& action : actions) {
                if (const auto* file = std::get_if<delta::RemoveFile>(&action);
                    file && file->deleted_ms.value_or(0) < cutoff_ms_)
                    TARN_RETURN_IF_ERROR(named.add(*file, snapshot_->root));
                if (const auto* change = std::get_if<delta::ChangeFile>(&action);
                    change && time_ms < cutoff_ms_)
                    TARN_RETURN_IF_ERROR(named.add(*change, snapshot_->root));
            }
        }
        if (!log.commits.contains(0) && vacuumed_ms < oldest_ms)
            return fail(errors::kVacuumLite,
                        "the log of table " + request_.table +
                            " no longer has all that was removed since its last VACUUM");
        for (const auto& path : named.paths()) {
            if (needed_.contains(path) || path.starts_with('/') || path.find("://") != path.npos ||
                path.find("../") != path.npos)
                continue;
            auto info = fs_.stat(snapshot_->root + "/" + path);
            if (info && !info->folder && info->modified.ms() < cutoff_ms_)
                goes_.emplace(path, info->size);
        }
        return {};
    }
    static bool is_complete(const delta::CommitInfo& end) {
        return std::ranges::any_of(end.parameters, [](const auto& one) {
            return one.first == "status" && one.second == "COMPLETED";
        });
    }
    // Up to when a vacuum of the log has removed all that went.
    static int64_t cutoff_of(const delta::CommitInfo& start) {
        int64_t retained = kDefaultRetentionMs;
        for (std::string_view key : {"defaultRetentionMillis", "specifiedRetentionMillis"})
            for (const auto& [name, value] : start.parameters)
                if (name == key)
                    std::from_chars(value.data(), value.data() + value.size(), retained);
        return start.timestamp_ms.value_or(0) - retained;
    }

    Status remove() {
        std::vector<std::pair<std::string, std::string>> parameters = {
            {"retentionCheckEnabled", request_.force ? "false" : "true"},
            {"defaultRetentionMillis", std::to_string(least_ms_)}};
        if (request_.retain)
            parameters.emplace_back("specifiedRetentionMillis", std::to_string(retain_ms_));
        TARN_RETURN_IF_ERROR(note(kStart, std::move(parameters),
                                  {{"numFilesToDelete", std::to_string(outcome_.files)},
                                   {"sizeOfDataToDelete", std::to_string(outcome_.bytes)}}));
        Status status;
        uint64_t removed = 0;
        for (const auto& [path, bytes] : goes_) {
            TARN_RETURN_IF_ERROR(impl_.context.failpoints.hit("lake.before_vacuum"));
            if (status = impl_.not_stopped(); !status) break;
            auto done = fs_.remove(snapshot_->root + "/" + path);
            if (done || done.error().code() == ErrorCode::kNotFound) {
                ++removed;
                continue;
            }
            status = std::move(done);
            break;
        }
        auto noted = note(kEnd, {{"status", status ? "COMPLETED" : "FAILED"}},
                          {{"numDeletedFiles", std::to_string(removed)}});
        outcome_.files = removed;
        outcome_.version = snapshot_->version;
        return status ? noted : status;
    }

    // A commit that says what was done, and changes nothing.
    Status note(std::string_view operation,
                std::vector<std::pair<std::string, std::string>> parameters,
                std::vector<std::pair<std::string, std::string>> metrics) {
        delta::CommitRequest commit;
        commit.time = impl_.context.clock.now();
        commit.reads = delta::Reads{delta::Isolation::kSnapshot, nullptr};
        commit.info.operation = operation;
        commit.info.parameters = std::move(parameters);
        commit.info.metrics = std::move(metrics);
        commit.info.engine = kEngine;
        commit.info.txn_id = impl_.new_uuid().str();
        commit.info.blind_append = false;
        MutexLock lock(entry_.appending);
        TARN_TRY(auto newest, impl_.snapshot(request_.table));
        TARN_TRY(auto made, entry_.table.commit(std::move(commit), *newest, impl_.steps()));
        snapshot_ = made.snapshot;
        impl_.tell(request_.table);
        return impl_.after_commit(entry_, request_.table, *snapshot_);
    }

    Lake& lake_;
    Lake::Impl& impl_;
    Entry& entry_;
    const VacuumRequest& request_;
    io::FileSystem& fs_;
    std::shared_ptr<const delta::Snapshot> snapshot_;
    NeededFiles needed_{entry_.table.root()};
    int64_t now_ms_ = 0, least_ms_ = 0, retain_ms_ = 0, cutoff_ms_ = 0;
    std::map<std::string, uint64_t> goes_;  // by path in the table: bytes
    VacuumOutcome outcome_;
};

}  // namespace

Result<VacuumOutcome> Lake::vacuum(const VacuumRequest& request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    MutexLock lock(entry->maintaining);
    return Vacuum(*this, *impl_, *entry, request).run();
}

}  // namespace tarn::lake
