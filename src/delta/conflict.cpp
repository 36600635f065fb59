// Which commits of others a commit may follow: the checks of Spark's ConflictChecker, file by file,
// and row by row where rows go by deletion vectors.

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "tarn/delta/commit.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/row_tracking.h"

namespace tarn::errors {
extern const ErrorId kTableConflict;
}  // namespace tarn::errors

namespace tarn::delta {
namespace {

bool same_protocol(const Protocol& a, const Protocol& b) {
    return a.min_reader == b.min_reader && a.min_writer == b.min_writer &&
           a.reader_features == b.reader_features && a.writer_features == b.writer_features;
}

// What stands in the way whatever was read.
Status check_states(const CommitRequest& request, const Snapshot& read, const Snapshot& now) {
    auto conflict = [&](std::string_view what) {
        return fail(errors::kTableConflict,
                    fmt::format("another writer changed {} of table {} between versions {} and {}",
                                what, now.root, read.version, now.version));
    };
    if (!request.reads &&
        (!request.removes.empty() || !request.marks.empty() || request.metadata) &&
        read.version != now.version)
        return conflict("the files");
    if (read.metadata != now.metadata && read.metadata->id != now.metadata->id)
        return conflict("the identity");
    if (read.metadata != now.metadata) return conflict("the metadata");
    if (!same_protocol(read.protocol, now.protocol)) return conflict("the protocol");
    for (auto& txn : request.transactions)
        if (read.transaction(txn.app_id) != now.transaction(txn.app_id))
            return conflict("the transaction of " + txn.app_id);
    return {};
}

Result<std::vector<uint64_t>> deleted_rows(io::FileSystem& fs, const Snapshot& table,
                                           const AddFile& file) {
    if (!file.deletion_vector) return std::vector<uint64_t>();
    return read_deletion_vector(fs, table.root, *file.deletion_vector);
}

using FilesByPath = std::map<std::string, std::shared_ptr<const AddFile>>;

// Those of the live files that have these paths.
FilesByPath files_of(const Snapshot& table, const std::set<std::string>& paths) {
    FilesByPath out;
    table.files.each([&](const FileList::Slot& file) {
        auto path = canonical_path(file->path, table.root);
        if (paths.contains(path)) out.emplace(std::move(path), file);
    });
    return out;
}

class Check {
  public:
    Check(io::FileSystem& fs, const CommitRequest& request, const Snapshot& read,
          const Snapshot& now)
        : fs_(fs), request_(request), read_(read), now_(now) {
        for (const auto& remove : request.removes)
            removes_.insert(canonical_path(remove.path, now.root));
        for (const auto& mark : request.marks)
            marks_.emplace(canonical_path(mark.path, now.root), mark.rows.get());
    }

    Status winner(const Winner& winner) {
        begin(winner);
        std::set<std::string> removed, added;
        for (const auto& action : winner.actions)
            if (auto* add = std::get_if<AddFile>(&action))
                added.insert(canonical_path(add->path, now_.root));
        for (const auto& action : winner.actions) {
            const auto* remove = std::get_if<RemoveFile>(&action);
            if (!remove) continue;
            auto path = canonical_path(remove->path, now_.root);
            if (added.contains(path)) {
                vectors_[path] = said_;  // it stays, with another vector
                continue;
            }
            if (removes_.contains(path) || marks_.contains(path))
                return conflict("took away a file that this changes: " + path);
            removed.insert(std::move(path));
        }
        if (const auto path = read_file_of(removed); !path.empty())
            return conflict("took away a file that this has read: " + path);
        for (const auto& action : winner.actions) {
            if (auto* domain = std::get_if<DomainMetadata>(&action))
                if (changes_domain(domain->domain))
                    return conflict("set " + domain->domain + " too");
            auto* add = std::get_if<AddFile>(&action);
            if (!add || !add->data_change || !minds_added(blind_) || !may_hold(*add)) continue;
            if (!vectors_.contains(canonical_path(add->path, now_.root)))
                return conflict("added rows that this should have read");
        }
        return {};
    }

    // Of files that have another vector now than when they were read: what rows have gone since.
    Status vectors() {
        if (vectors_.empty()) return {};
        std::set<std::string> paths;
        for (const auto& [path, said] : vectors_)
            paths.insert(path);
        const auto before = files_of(read_, paths), after = files_of(now_, paths);
        for (const auto& [path, said] : vectors_) {
            said_ = said;
            const auto old = before.find(path), file = after.find(path);
            // One that came since was looked at as it came, one that has gone as it went.
            if (old == before.end() || file == after.end()) continue;
            if (removes_.contains(path))
                return conflict("took rows of a file that this changes: " + path);
            TARN_TRY(const auto rows_before, deleted_rows(fs_, read_, *old->second));
            TARN_TRY(const auto rows, deleted_rows(fs_, now_, *file->second));
            if (!std::ranges::includes(rows, rows_before) && reads_rows() &&
                may_hold(*file->second))
                return conflict("brought back rows that this should have read");
            std::vector<uint64_t> gone;
            std::ranges::set_difference(rows, rows_before, std::back_inserter(gone));
            TARN_RETURN_IF_ERROR(vector(path, *file->second, gone));
        }
        return {};
    }

  private:
    void begin(const Winner& winner) {
        std::string operation = "an operation without a name";
        blind_ = false;
        for (const auto& action : winner.actions)
            if (auto* info = std::get_if<CommitInfo>(&action)) {
                if (!info->operation.empty()) operation = info->operation;
                blind_ = info->blind_append.value_or(false);
            }
        said_ = fmt::format("version {} of table {} ({})", winner.version, now_.root, operation);
    }
    std::unexpected<Error> conflict(std::string_view what) const {
        return fail(errors::kTableConflict, fmt::format("{} {}", said_, what));
    }
    Status vector(const std::string& path, const AddFile& file, const std::vector<uint64_t>& gone) {
        const auto meets = [&](const RowSet* rows) {
            return rows &&
                   std::ranges::any_of(gone, [&](uint64_t row) { return rows->contains(row); });
        };
        const auto mark = marks_.find(path);
        if (mark != marks_.end() && meets(mark->second))
            return conflict("took rows that this changes, of file " + path);
        if (!reads_rows() || gone.empty()) return {};
        const auto rests = request_.reads->rows.find(path);
        if (request_.reads->by_row
                ? rests != request_.reads->rows.end() && meets(rests->second.get())
                : may_hold(file))
            return conflict("took rows that this has read, of file " + path);
        return {};
    }
    bool reads_rows() const {
        return request_.reads && request_.reads->isolation != Isolation::kSnapshot;
    }
    bool may_hold(const AddFile& file) const {
        return !request_.reads->may_hold || request_.reads->may_hold(file);
    }
    // A change of metadata may ask more of rows (a constraint) than their writer knew.
    bool minds_added(bool blind) const {
        return reads_rows() && (!blind || request_.metadata ||
                                request_.reads->isolation == Isolation::kSerializable);
    }
    bool changes_domain(std::string_view name) const {
        return name != kRowTrackingDomain &&  // which is made anew for each attempt
               std::ranges::find(request_.domains, name, &DomainMetadata::domain) !=
                   request_.domains.end();
    }
    // The first of these files of which rows were read that are to be there still; empty: none was.
    std::string read_file_of(const std::set<std::string>& removed) const {
        if (removed.empty() || !reads_rows()) return "";
        for (const auto& [path, file] : files_of(read_, removed))
            if (request_.reads->by_row ? request_.reads->rows.contains(path) : may_hold(*file))
                return path;
        return "";
    }

    io::FileSystem& fs_;
    const CommitRequest& request_;
    const Snapshot& read_;
    const Snapshot& now_;
    std::set<std::string> removes_;
    std::map<std::string, const RowSet*> marks_;
    std::map<std::string, std::string> vectors_;  // by path, which winner gave it
    std::string said_;                            // of the winner that is looked at
    bool blind_ = false;
};

}  // namespace

std::string_view name_of(Isolation isolation) {
    switch (isolation) {
        case Isolation::kWriteSerializable:
            return "WriteSerializable";
        case Isolation::kSerializable:
            return "Serializable";
        case Isolation::kSnapshot:
            return "SnapshotIsolation";
    }
    return "";
}

Result<Isolation> isolation_of(const Metadata& metadata) {
    const auto* text = find(metadata.configuration, "delta.isolationLevel");
    if (!text) return Isolation::kWriteSerializable;
    for (auto level :
         {Isolation::kWriteSerializable, Isolation::kSerializable, Isolation::kSnapshot})
        if (name_of(level) == *text) return level;
    return fail(ErrorCode::kInvalidArgument, "no isolation level: " + *text);
}

bool needs_winners(const CommitRequest& request) {
    return request.reads || !request.removes.empty() || !request.marks.empty() ||
           !request.domains.empty();
}

Status check_conflicts(io::FileSystem& fs, const CommitRequest& request, const Snapshot& read,
                       const Snapshot& now, const std::vector<Winner>& winners) {
    TARN_RETURN_IF_ERROR(check_states(request, read, now));
    Check check(fs, request, read, now);
    for (const auto& winner : winners)
        TARN_RETURN_IF_ERROR(check.winner(winner));
    return check.vectors();
}

}  // namespace tarn::delta
