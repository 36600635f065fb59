#include "tarn/delta/table.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "commit_text.h"
#include "row_marks.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/checksum.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"

namespace tarn::errors {
extern const ErrorId kCommitLost;
extern const ErrorId kNoTableVersion;
}  // namespace tarn::errors

namespace tarn::delta {
namespace {

constexpr int kMaxAttempts = 100;

std::unexpected<Error> missing(int64_t version, const std::string& root) {
    return fail(errors::kTableDamaged,
                "Delta log lacks version " + std::to_string(version) + " of table " + root);
}

}  // namespace

Result<std::vector<Action>> read_actions(io::FileSystem& fs, const std::string& path) {
    TARN_TRY(auto text, fs.read_all(path));
    std::vector<Action> actions;
    auto status = parse_actions(text, [&](Action&& action) -> Status {
        actions.push_back(std::move(action));
        return {};
    });
    if (!status) return fail(std::move(status).error().with_context(path));
    return actions;
}

Result<std::vector<Action>> read_commit(io::FileSystem& fs, const std::string& folder,
                                        int64_t version) {
    return read_actions(fs, folder + "/" + commit_name(version));
}

Table::Table(io::FileSystem& fs, std::string root, CheckpointIo* checkpoints, Note note)
    : fs_(fs), root_(std::move(root)), checkpoints_(checkpoints), note_(std::move(note)) {}

std::shared_ptr<const Snapshot> Table::snapshot() const {
    MutexLock lock(mutex_);
    return snapshot_;
}

bool Table::knows_file(const std::string& path) const {
    MutexLock lock(mutex_);
    return replay_ &&
           (replay_->has_file(path) || (snapshot_ && snapshot_->tombstones->contains(path)));
}

Status Table::read_checkpoint(const Checkpoint& checkpoint, Replay& replay, int64_t* actions) {
    std::vector<std::string> sidecars;
    auto apply = [&](Action&& action) -> Status {
        if (actions) ++*actions;
        if (auto* sidecar = std::get_if<Sidecar>(&action)) sidecars.push_back(name_of(*sidecar));
        return replay.apply_checkpointed(std::move(action));
    };
    for (const auto& name : checkpoint.files)
        TARN_RETURN_IF_ERROR(read_checkpoint_file(log_folder() + "/" + name, checkpoint.json,
                                                  CheckpointColumns::kTop, apply));
    // Files alone: a sidecar names no further ones.
    const auto named = std::exchange(sidecars, {});
    for (const auto& name : named)
        TARN_RETURN_IF_ERROR(read_checkpoint_file(sidecar_folder() + "/" + name, false,
                                                  CheckpointColumns::kFiles, apply));
    replay.finish_checkpoint(checkpoint.version);
    return {};
}

Result<CheckpointCounts> Table::check_checkpoint(const Checkpoint& checkpoint) {
    Replay replay(root_);
    CheckpointCounts out;
    TARN_RETURN_IF_ERROR(read_checkpoint(checkpoint, replay, &out.actions));
    TARN_TRY(const auto state, replay.snapshot());
    out.files = int64_t(state->files.size());
    return out;
}

Status Table::read_checkpoint_file(const std::string& path, bool json, CheckpointColumns columns,
                                   const std::function<Status(Action&&)>& each) {
    if (json) {
        TARN_TRY(const auto text, fs_.read_all(path));
        return parse_actions(text, each);
    }
    if (!checkpoints_) return fail(ErrorCode::kUnsupported, "no reader for the checkpoint " + path);
    return checkpoints_->read(path, columns,
                              [&](std::string_view lines) { return parse_actions(lines, each); });
}

// Replays up to `version`, -1: the newest.
Result<std::unique_ptr<Replay>> Table::replay_to(int64_t version) {
    TARN_TRY(auto log, list_log(fs_, log_folder()));
    int64_t newest = log.newest();
    if (newest < 0) return fail(errors::kNoTable, "no Delta log at " + root_);
    if (version < 0) version = newest;
    if (version > newest)
        return fail(errors::kNoTableVersion, "table " + root_ + " has no version " +
                                                 std::to_string(version) + "; the newest is " +
                                                 std::to_string(newest));
    auto replay = std::make_unique<Replay>(root_);
    std::optional<Error> damage;
    for (auto& checkpoint : log.checkpoints) {
        if (checkpoint.version > version) continue;
        auto status = read_checkpoint(checkpoint, *replay);
        if (status) break;
        if (status.error().code() == ErrorCode::kResourceExhausted)
            return fail(std::move(status).error());  // says nothing of the checkpoint
        if (!damage) damage = std::move(status).error();
        replay =
            std::make_unique<Replay>(root_);  // an older one, or the commits from the start, may do
    }
    if (damage && replay->version() < 0 && !log.commits.contains(0) && !log.compaction(0, version))
        return fail(std::move(*damage));
    bool timed = false;  // the commit's time is known: neither checkpoints nor compactions hold it
    while (replay->version() < version) {
        const auto next = replay->version() + 1;
        TARN_TRY(const auto compacted, apply_compaction(log, next, version, *replay));
        timed = !compacted;
        if (compacted) continue;
        if (!log.commits.contains(next)) return missing(next, root_);
        TARN_TRY(auto actions, read_commit(fs_, log_folder(), next));
        TARN_RETURN_IF_ERROR(replay->apply_commit(next, std::move(actions)));
    }
    if (!timed && log.commits.contains(version)) {
        TARN_TRY(auto actions, read_commit(fs_, log_folder(), version));
        std::erase_if(actions, [](auto& a) { return !std::holds_alternative<CommitInfo>(a); });
        TARN_RETURN_IF_ERROR(replay->apply_commit(version, std::move(actions)));
    }
    return replay;
}

// False: there is none that may stand for the commits. One that cannot be read is as good as none
// as long as the commits are there. One that does not name each known domain may have lost that it
// was removed (Spark's compactions up to Delta 4.1 have): the commits know.
Result<bool> Table::apply_compaction(const LogListing& log, int64_t from, int64_t to,
                                     Replay& replay) {
    const auto* one = log.compaction(from, to);
    if (!one) return false;
    auto actions = read_actions(fs_, log_folder() + "/" + one->name);
    if (!actions) {
        if (actions.error().code() != ErrorCode::kResourceExhausted && log.commits.contains(from))
            return false;
        return fail(std::move(actions).error());
    }
    std::set<std::string_view> named;
    for (const auto& action : *actions)
        if (const auto* domain = std::get_if<DomainMetadata>(&action)) named.insert(domain->domain);
    if (std::ranges::any_of(replay.domains(),
                            [&](const auto& known) { return !named.contains(known.first); }))
        return false;
    TARN_RETURN_IF_ERROR(replay.apply_commit(one->last, std::move(*actions)));
    return true;
}

Status Table::load_locked() {
    snapshot_ = nullptr;
    newest_.reset();
    auto replay = replay_to(-1);
    replay_ = replay ? std::move(*replay) : nullptr;
    if (!replay) return fail(std::move(replay).error());
    return note_commit_locked();
}

// Remembers the newest commit file and makes the snapshot of it.
Status Table::note_commit_locked() {
    newest_.reset();
    auto info = fs_.stat(log_folder() + "/" + commit_name(replay_->version()));
    if (info) newest_ = std::move(*info);
    auto snapshot = replay_->snapshot();
    snapshot_ = snapshot ? std::move(*snapshot) : nullptr;
    if (!snapshot) return fail(std::move(snapshot).error());
    return {};
}

// Reads the commits that came after the newest known one.
Status Table::advance_locked() {
    bool moved = false;
    for (;;) {
        auto actions = read_commit(fs_, log_folder(), replay_->version() + 1);
        if (!actions && actions.error().code() == ErrorCode::kNotFound) break;
        if (actions && actions->empty()) break;  // as list_log() has it: nobody's commit
        if (!actions) return fail(std::move(actions).error());
        TARN_RETURN_IF_ERROR(replay_->apply_commit(replay_->version() + 1, std::move(*actions)));
        moved = true;
    }
    return moved ? note_commit_locked() : Status();
}

namespace {

// Forgets a replay that an exception (no memory) may have left half applied: the log is read anew.
class WholeOrNone {
  public:
    explicit WholeOrNone(std::unique_ptr<Replay>& replay) : replay_(replay) {}
    ~WholeOrNone() {
        if (std::uncaught_exceptions() > before_) replay_ = nullptr;
    }
    WholeOrNone(const WholeOrNone&) = delete;

  private:
    std::unique_ptr<Replay>& replay_;
    const int before_ = std::uncaught_exceptions();
};

}  // namespace

Result<std::shared_ptr<const Snapshot>> Table::refresh_locked() {
    const WholeOrNone guard(replay_);
    if (replay_ && snapshot_ && newest_) {
        auto info = fs_.stat(log_folder() + "/" + commit_name(snapshot_->version));
        bool same = info && info->size == newest_->size && info->modified == newest_->modified;
        if (same) {
            auto status = advance_locked();
            if (!status) {
                replay_ = nullptr;  // half applied
                return fail(std::move(status).error());
            }
            return snapshot_;
        }
    }
    TARN_RETURN_IF_ERROR(load_locked());
    return snapshot_;
}

Result<std::shared_ptr<const Snapshot>> Table::refresh() {
    MutexLock lock(mutex_);
    return refresh_locked();
}

Result<std::shared_ptr<const Snapshot>> Table::at(int64_t version) {
    {
        MutexLock lock(mutex_);
        if (snapshot_ && snapshot_->version == version) return snapshot_;
    }
    if (version < 0) return fail(ErrorCode::kInvalidArgument, "a table's version is not negative");
    TARN_TRY(auto replay, replay_to(version));
    return replay->snapshot();
}

// Whether the commit of this version is the one with our txnId; used when a put had an unknown
// outcome.
Result<bool> Table::committed_locked(int64_t version, const std::string& txn_id) {
    auto actions = read_commit(fs_, log_folder(), version);
    if (!actions) return fail(std::move(actions).error());
    for (auto& action : *actions)
        if (auto info = std::get_if<CommitInfo>(&action)) return info->txn_id == txn_id;
    return false;
}

Result<CommitOutcome> Table::publish_locked(int64_t version, CommitRequest& request,
                                            int conflicts) {
    const WholeOrNone guard(replay_);
    TARN_RETURN_IF_ERROR(number(request, version, snapshot_.get()));
    const auto text = commit_text(request);
    auto put = fs_.put_if_absent(log_folder() + "/" + commit_name(version), text);
    if (!put && put.error().code() == ErrorCode::kIo) {
        auto ours = committed_locked(version, request.info.txn_id);
        if (ours && *ours && fs_.sync_folder(log_folder())) put = {};
    }
    if (!put) return fail(std::move(put).error());
    const auto txn_id = request.info.txn_id;
    for (auto& add : request.adds)
        add.numbered_here = false;  // from now on its row ids are
    auto actions = actions_of(std::move(request));
    TARN_RETURN_IF_ERROR(replay_->apply_commit(version, std::move(actions)));
    TARN_RETURN_IF_ERROR(note_commit_locked());
    // The commit is made whatever becomes of its checksum.
    auto checksum = checksum_text(*snapshot_, txn_id);
    const auto path = log_folder() + "/" + checksum_name(version);
    if (note_) {
        note_(path, std::move(checksum));
        return CommitOutcome{version, snapshot_, conflicts};
    }
    auto noted = fs_.put_if_absent(path, checksum);
    if (!noted && noted.error().code() != ErrorCode::kAlreadyExists)
        checksum_error_ = std::move(noted).error();
    return CommitOutcome{version, snapshot_, conflicts};
}

std::optional<Error> Table::take_checksum_error() {
    MutexLock lock(mutex_);
    return std::exchange(checksum_error_, std::nullopt);
}

Result<CommitOutcome> Table::create(CommitRequest request) {
    MutexLock lock(mutex_);
    TARN_RETURN_IF_ERROR(fs_.create_folders(log_folder()));
    replay_ = std::make_unique<Replay>(root_);
    snapshot_ = nullptr;
    auto outcome = publish_locked(0, request, 0);
    if (!outcome) replay_ = nullptr;
    return outcome;
}

// The commits that came after a version, up to the newest one known.
Result<std::vector<Winner>> Table::winners_since(int64_t version) {
    std::vector<Winner> out;
    for (int64_t v = version + 1; v <= snapshot_->version; ++v) {
        TARN_TRY(auto actions, read_commit(fs_, log_folder(), v));
        out.push_back({v, std::move(actions)});
    }
    return out;
}

Result<CommitOutcome> Table::commit(CommitRequest request, const Snapshot& read,
                                    const StepHook& step) {
    MutexLock lock(mutex_);
    if (!replay_ || !snapshot_) TARN_RETURN_IF_ERROR(load_locked());
    TARN_RETURN_IF_ERROR(check_writable(snapshot_->protocol, *snapshot_->metadata));
    const bool judges = needs_winners(request);
    int64_t judged = read.version;
    RowMarks marks(fs_, request);
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
        std::vector<Winner> winners;
        if (judges && snapshot_->version > judged) {
            TARN_TRY(winners, winners_since(judged));
            judged = snapshot_->version;
        }
        marks.take_back();
        TARN_RETURN_IF_ERROR(check_conflicts(fs_, request, read, *snapshot_, winners));
        TARN_RETURN_IF_ERROR(marks.put(*snapshot_));
        if (auto stop = step ? step("before_commit") : Status(); !stop) {
            if (stop.error().code() == ErrorCode::kConflict) marks.take_back();
            return fail(std::move(stop).error());
        }
        auto outcome = publish_locked(snapshot_->version + 1, request, attempt);
        if (outcome && step) TARN_RETURN_IF_ERROR(step("after_commit"));
        if (outcome || outcome.error().code() != ErrorCode::kAlreadyExists) return outcome;
        TARN_TRY([[maybe_unused]] auto newest, refresh_locked());
    }
    marks.take_back();
    return fail(errors::kCommitLost, "commit lost to other writers " +
                                         std::to_string(kMaxAttempts) + " times on table " + root_);
}

}  // namespace tarn::delta
