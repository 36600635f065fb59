// FSCK REPAIR TABLE: a table that is damaged can be read and written again, as far as that is
// possible. Nothing is lost without a word: what of the log cannot be read is moved aside,
//
//   aside := "_delta_log/_set_aside/" ms "." name     milliseconds since 1970; as it was called
//
// and files that are gone are taken out of the log in a commit of their own, which names them.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "file_check.h"
#include "log_care.h"
#include "table_files.h"
#include "tarn/delta/checksum.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

constexpr std::string_view kAside = "_set_aside", kHint = "_last_checkpoint";

class Repair {
  public:
    Repair(Lake::Impl& lake, Entry& entry, const RepairRequest& request)
        : lake_(lake),
          entry_(entry),
          request_(request),
          fs_(lake.context.fs),
          folder_(entry.table.log_folder()),
          now_(lake.context.clock.now()) {}

    Status mend() TARN_REQUIRES(entry_.appending) {
        auto log = delta::list_log(fs_, folder_);
        if (!log && log.error().code() == ErrorCode::kNotFound)
            return fail(errors::kNoTable, "no table " + request_.table);
        if (!log) return fail(std::move(log).error());
        TARN_RETURN_IF_ERROR(look_at_newest(*log));
        TARN_TRY(snapshot_, load());
        if (!snapshot_) return {};
        outcome_.version = snapshot_->version;
        if (!snapshot_->schema) {
            left(folder_, "the log has no schema");
            snapshot_ = nullptr;
            return {};
        }
        TARN_RETURN_IF_ERROR(delta::check_writable(snapshot_->protocol, *snapshot_->metadata));
        for (const auto& hole : holes(*log))
            left(folder_, hole);
        TARN_RETURN_IF_ERROR(look_at_checkpoints(*log));
        TARN_RETURN_IF_ERROR(look_at_checksums(*log));
        TARN_RETURN_IF_ERROR(look_at_files());
        TARN_RETURN_IF_ERROR(look_at_hint());
        if (!request_.dry_run) TARN_RETURN_IF_ERROR(renew());
        return {};
    }

    // What is wrong inside of files that are there. Writers go on meanwhile, a vacuum does not.
    Status look_into_files() {
        if (!snapshot_) return {};
        TARN_TRY(auto session, lake_.context.engine.session());
        for (const auto& file : snapshot_->files.all()) {
            TARN_RETURN_IF_ERROR(lake_.not_stopped());
            const auto path = delta::canonical_path(file->path, snapshot_->root);
            if (lost_.contains(path)) continue;
            const auto seen = check_file(fs_, *session, snapshot_, *file,
                                         [&](auto what) { left(path, std::move(what)); });
            if (seen) continue;
            if (!tells_of_the_file(seen.error())) return fail(Error(seen.error()));
            left(path, seen.error().message());
        }
        return {};
    }

    RepairOutcome outcome() && { return std::move(outcome_); }

  private:
    void found(std::string where, std::string what, std::string done) {
        ++outcome_.found;
        if (outcome_.repairs.size() < RepairOutcome::kMostRepairs)
            outcome_.repairs.push_back({std::move(where), std::move(what), std::move(done)});
    }
    void left(std::string where, std::string what) {
        if (outcome_.left.size() < RepairOutcome::kMostRepairs)
            outcome_.left.push_back({std::move(where), std::move(what)});
    }
    // Of _delta_log; the same name twice has two times.
    Status set_aside(const std::string& name) {
        if (request_.dry_run) return {};
        const auto folder = fmt::format("{}/{}", folder_, kAside);
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_set_aside"));
        TARN_RETURN_IF_ERROR(fs_.create_folders(folder));
        TARN_RETURN_IF_ERROR(
            fs_.rename(folder_ + "/" + name, fmt::format("{}/{}.{}", folder, now_.ms(), name)));
        TARN_RETURN_IF_ERROR(fs_.sync_folder(folder));
        return fs_.sync_folder(folder_);
    }
    std::string aside(const std::string& name) const {
        return fmt::format("moved to _delta_log/{}/{}.{}", kAside, now_.ms(), name);
    }

    // Commits at the end of the log that cannot be read. One that is empty stands in the way of
    // every writer. They are in the listing no more, with their checksums.
    Status look_at_newest(delta::LogListing& log) {
        auto commits = log.commits;
        commits.insert(log.empty.begin(), log.empty.end());
        for (auto at = commits.rbegin(); at != commits.rend(); ++at) {
            const auto& [version, info] = *at;
            std::string wrong = "is empty";
            if (info.size > 0) {
                const auto read = delta::read_commit(fs_, folder_, version);
                if (read) break;
                if (read.error().code() != ErrorCode::kCorrupted) return fail(Error(read.error()));
                wrong = read.error().message();
            }
            const bool held = std::ranges::any_of(log.checkpoints, [&](const auto& checkpoint) {
                return checkpoint.version >= version;
            });
            const auto checksum = log.checksums.find(version);
            const bool known = checksum != log.checksums.end();
            const auto what = held    ? "; a checkpoint holds what it did"
                              : known ? "; it was complete once: what it did is lost"
                                      : "; no checksum says that it ever was whole";
            found(folder_ + "/" + info.name, wrong + what, aside(info.name));
            TARN_RETURN_IF_ERROR(set_aside(info.name));
            gone_.insert(version);
            if (known && !held) {
                found(folder_ + "/" + checksum->second, "is of a commit that is gone",
                      aside(checksum->second));
                TARN_RETURN_IF_ERROR(set_aside(checksum->second));
                log.checksums.erase(checksum);
            }
            log.commits.erase(version);
            log.empty.erase(version);
        }
        return {};
    }

    // The newest version that can be read; null if none can.
    Result<std::shared_ptr<const delta::Snapshot>> load() {
        delta::Table fresh(fs_, entry_.table.root(), lake_.checkpoints.get());
        auto read = fresh.refresh();
        // Without a change of anything: as of what will be the newest commit.
        if (request_.dry_run && !gone_.empty() && *gone_.begin() > 0)
            read = fresh.at(*gone_.begin() - 1);
        if (read) return *read;
        if (read.error().code() == ErrorCode::kResourceExhausted ||
            read.error().code() == ErrorCode::kUnsupported)
            return fail(std::move(read).error());
        left(entry_.table.root(), read.error().message());
        return std::shared_ptr<const delta::Snapshot>();
    }

    // Ones that cannot be read: the table was read without them.
    Status look_at_checkpoints(const delta::LogListing& log) {
        for (const auto& checkpoint : log.checkpoints) {
            TARN_RETURN_IF_ERROR(lake_.not_stopped());
            auto read = entry_.table.check_checkpoint(checkpoint);
            if (read) {
                sound_.push_back({checkpoint, *read});
                continue;
            }
            if (read.error().code() == ErrorCode::kResourceExhausted)
                return fail(std::move(read).error());
            for (const auto& name : checkpoint.files) {
                found(folder_ + "/" + name, read.error().message(),
                      aside(name) + "; a new one is written");
                TARN_RETURN_IF_ERROR(set_aside(name));
            }
            renew_ = true;
        }
        return {};
    }

    Status look_at_checksums(const delta::LogListing& log) {
        std::vector<std::string> wrong_ones;
        auto read = each_checksum(fs_, log, *snapshot_, [&](const auto& name, auto wrong) {
            if (wrong.empty()) return;
            found(folder_ + "/" + name, wrong[0], aside(name));
            wrong_ones.push_back(name);
        });
        if (!read) left(folder_, read.error().message());
        for (const auto& name : wrong_ones)
            TARN_RETURN_IF_ERROR(set_aside(name));
        return {};
    }

    // Why the rows of a file cannot be told; nothing if they can.
    std::optional<std::string> lost(const delta::AddFile& file, const delta::Snapshot& table) {
        const auto path = delta::canonical_path(file.path, table.root);
        const auto there = fs_.stat(delta::disk_path(path, table.root));
        if (!there && there.error().code() == ErrorCode::kNotFound) return "is gone";
        if (!there) return there.error().message();
        if (!file.deletion_vector) return std::nullopt;
        const auto rows = delta::read_deletion_vector(fs_, table.root, *file.deletion_vector);
        if (rows) return std::nullopt;
        return "is there, but which of its rows are deleted is not known: " +
               rows.error().message();
    }

    Status look_at_files() TARN_REQUIRES(entry_.appending) {
        delta::CommitRequest commit;
        commit.time = now_;
        for (const auto& file : snapshot_->files.all()) {
            TARN_RETURN_IF_ERROR(lake_.not_stopped());
            const auto why = lost(*file, *snapshot_);
            if (!why) continue;
            ++outcome_.files_removed;
            outcome_.rows_removed += uint64_t(std::max<int64_t>(0, file->live_rows()));
            commit.removes.push_back(removal(*file, now_));
            const auto path = delta::canonical_path(file->path, snapshot_->root);
            found(path, *why, "taken out of the log");
            lost_.insert(path);
        }
        if (commit.removes.empty() || request_.dry_run) return {};
        TARN_RETURN_IF_ERROR(check_rows_may_go(*snapshot_, request_.table));
        commit.info.operation = "FSCK";
        commit.info.metrics = {{"numRemovedFiles", std::to_string(commit.removes.size())}};
        commit.info.engine = kEngine;
        commit.info.txn_id = lake_.new_uuid().str();
        commit.info.blind_append = false;
        TARN_TRY(const auto newest, entry_.table.refresh());
        TARN_TRY(auto made, entry_.table.commit(std::move(commit), *newest, lake_.steps()));
        snapshot_ = made.snapshot;
        outcome_.version = made.version;
        outcome_.committed = true;
        return {};
    }

    Status look_at_hint() {
        const auto wrong = wrong_hint(fs_, folder_, sound_);
        if (!wrong) return {};
        const std::string name(kHint);
        found(folder_ + "/" + name, *wrong, aside(name) + "; a new one is written");
        renew_ = true;
        return set_aside(name);
    }

    // What readers and the next writer go by.
    Status renew() TARN_REQUIRES(entry_.appending) {
        if (outcome_.found == 0) return {};
        TARN_TRY([[maybe_unused]] const auto newest, entry_.table.refresh());
        if (renew_)
            TARN_RETURN_IF_ERROR(entry_.table.write_checkpoint(
                {.now_ms = now_.ms(), .new_id = [this] { return lake_.new_uuid(); }},
                lake_.steps()));
        std::string txn_id;
        if (const auto commit = delta::read_commit(fs_, folder_, snapshot_->version))
            for (const auto& action : *commit)
                if (const auto* info = std::get_if<delta::CommitInfo>(&action))
                    txn_id = info->txn_id;
        auto noted = fs_.put_if_absent(folder_ + "/" + delta::checksum_name(snapshot_->version),
                                       delta::checksum_text(*snapshot_, txn_id));
        if (!noted && noted.error().code() != ErrorCode::kAlreadyExists) return noted;
        lake_.tell(request_.table);
        return {};
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const RepairRequest& request_;
    io::FileSystem& fs_;
    const std::string folder_;
    const Timestamp now_;
    std::set<int64_t> gone_;  // versions whose commits are, or would be, aside
    std::vector<SeenCheckpoint> sound_;
    bool renew_ = false;          // a checkpoint, or _last_checkpoint, is aside
    std::set<std::string> lost_;  // paths of files that are, or would be, out of the log
    std::shared_ptr<const delta::Snapshot> snapshot_;  // null: none can be read
    RepairOutcome outcome_;
};

}  // namespace

Result<RepairOutcome> Lake::repair(const RepairRequest& request) {
    TARN_TRY(auto entry, impl_->entry(request.table));
    MutexLock care(entry->maintaining);
    Repair repair(*impl_, *entry, request);
    {
        MutexLock lock(entry->appending);
        impl_->finish_commits();
        TARN_RETURN_IF_ERROR(repair.mend());
    }
    TARN_RETURN_IF_ERROR(repair.look_into_files());
    return std::move(repair).outcome();
}

}  // namespace tarn::lake
