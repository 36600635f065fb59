#pragma once

// A table: its newest snapshot, kept fresh by reading only new commits, and commits to it.
//
// Commit protocol: _delta_log/<version>.json is created by put-if-absent; who comes second reads
// what the winners did, checks for conflicts, and tries the next version. A checksum of the version
// (checksum.h) is put beside its commit afterwards.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/mutex.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/checkpoint_io.h"
#include "tarn/delta/commit.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/snapshot.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

struct CommitOutcome {
    int64_t version = -1;
    std::shared_ptr<const Snapshot> snapshot;
    int conflicts = 0;  // versions that others won meanwhile
};

struct LogListing;

// Called at each durable step by name; an error stops there (io::Failpoints).
using StepHook = std::function<Status(std::string_view)>;

struct CheckpointOptions {
    int64_t now_ms = 0;
    std::function<Uuid()> new_id;  // for the names of a v2 checkpoint's files
    // A sidecar has at most so many actions, and ends with the first beyond so many bytes of JSON.
    size_t sidecar_actions = 50'000, sidecar_bytes = 64 << 20;
    std::shared_ptr<const Snapshot> of = nullptr;  // null: the newest that is known
};

// Thread-safe.
class Table {
  public:
    // Nothing is read yet. `checkpoints` may be null: then a log that needs one is kUnsupported.
    // All outlive the table.
    // `note`: takes the checksums of commits, by path, to be put there later; must return at once.
    // Without it each is put there before its commit returns.
    using Note = std::function<void(std::string path, std::string text)>;
    Table(io::FileSystem& fs, std::string root, CheckpointIo* checkpoints, Note note = {});

    // The newest version: reads what is new since the last call, or all if the log is not the one
    // read before. Errors: kNotFound (no log), kCorrupted, kUnsupported.
    Result<std::shared_ptr<const Snapshot>> refresh();
    // What the last refresh or commit gave; null before.
    std::shared_ptr<const Snapshot> snapshot() const;
    // Errors also: kNotFound (a version that is not there).
    Result<std::shared_ptr<const Snapshot>> at(int64_t version);

    // The newest version that is not younger than a time (notes on what counts as a version's time:
    // time_travel.cpp). Errors also: kNotFound (the table, or what is left of its log, is younger).
    Result<int64_t> version_at(Timestamp time);
    Result<std::shared_ptr<const Snapshot>> at_time(Timestamp time);
    // The oldest version, of those whose commits are there, that is not older than a time. Errors
    // also: kNotFound (all are older).
    Result<int64_t> first_version_since(Timestamp time);

    // Version 0. Errors: kAlreadyExists (there is a table).
    Result<CommitOutcome> create(CommitRequest request);
    // A commit on top of the newest version, prepared by looking at `read`; tried again on top of
    // what others commit meanwhile, as long as commit.h's rules let it follow. Errors: kConflict,
    // kUnsupported (a table that Tarn does not write), kUnavailable (lost to others many times). On
    // kIo it is unknown whether the commit was made: commit again with the same transaction.
    Result<CommitOutcome> commit(CommitRequest request, const Snapshot& read,
                                 const StepHook& step = {});

    // Why a checksum beside a commit was not written since this was last asked. Tables are whole
    // without.
    std::optional<Error> take_checksum_error();

    // Whether a file of this path (decoded, relative to the table) is or was part of the newest known version.
    bool knows_file(const std::string& path) const;

    // Writes a checkpoint of a snapshot, and _last_checkpoint: V.checkpoint.parquet, or
    // where delta.checkpointPolicy asks for v2 V.checkpoint.UUID.parquet, its files in sidecars.
    Status write_checkpoint(const CheckpointOptions& options, const StepHook& step = {});
    // What a checkpoint of the log holds. Errors: one that cannot be read, with all that it names,
    // or holds no state.
    Result<CheckpointCounts> check_checkpoint(const Checkpoint& checkpoint);
    // Removes commits, their checksums and compactions, and checkpoints older than
    // delta.logRetentionDuration, keeping the newest checkpoint at or before the cutoff, the commit
    // at its version, and all that comes after. What is needed to read from version `held` on stays
    // too. With them go sidecars that no checkpoint names any more, and what crashes have left.
    // Returns the number of files removed.
    Result<int> clean_log(int64_t now_ms, int64_t held, const StepHook& step = {});

    const std::string& root() const { return root_; }
    std::string log_folder() const { return root_ + "/_delta_log"; }
    std::string sidecar_folder() const { return log_folder() + "/_sidecars"; }

  private:
    Result<std::shared_ptr<const Snapshot>> refresh_locked() TARN_REQUIRES(mutex_);
    Status load_locked() TARN_REQUIRES(mutex_);
    Status advance_locked() TARN_REQUIRES(mutex_);
    Result<std::unique_ptr<Replay>> replay_to(int64_t version);
    Status read_checkpoint(const Checkpoint& checkpoint, Replay& replay,
                           int64_t* actions = nullptr);
    Status read_checkpoint_file(const std::string& path, bool json, CheckpointColumns columns,
                                const std::function<Status(Action&&)>& each);
    // Sidecars that no checkpoint names, of yesterday or before.
    Result<int> clean_sidecars(int64_t now_ms, const StepHook& step);
    Result<bool> apply_compaction(const LogListing& log, int64_t from, int64_t to, Replay& replay);
    Result<bool> committed_locked(int64_t version, const std::string& txn_id);
    Result<CommitOutcome> publish_locked(int64_t version, CommitRequest& request, int conflicts)
        TARN_REQUIRES(mutex_);
    Result<std::vector<Winner>> winners_since(int64_t version) TARN_REQUIRES(mutex_);
    Status note_commit_locked() TARN_REQUIRES(mutex_);

    io::FileSystem& fs_;
    const std::string root_;
    CheckpointIo* checkpoints_;
    const Note note_;
    mutable Mutex mutex_;
    std::unique_ptr<Replay> replay_ TARN_GUARDED_BY(mutex_);
    std::shared_ptr<const Snapshot> snapshot_ TARN_GUARDED_BY(mutex_);
    // Of the newest commit read: if it is gone or differs, the log is another one.
    std::optional<io::FileInfo> newest_ TARN_GUARDED_BY(mutex_);
    std::optional<Error> checksum_error_ TARN_GUARDED_BY(mutex_);
};

// A duration property such as "interval 30 days" in milliseconds; the default if absent or not
// understood.
int64_t interval_property_ms(const Metadata& metadata, std::string_view key, int64_t default_ms);
// The actions of one commit file. Errors: kNotFound, kCorrupted.
// Likewise of a compaction, by its path.
Result<std::vector<Action>> read_actions(io::FileSystem& fs, const std::string& path);
Result<std::vector<Action>> read_commit(io::FileSystem& fs, const std::string& log_folder,
                                        int64_t version);

}  // namespace tarn::delta
