// Which commits of others a commit may follow: the checks of Spark's ConflictChecker, file by file.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tarn/delta/commit.h"
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
    if (!request.reads && (!request.removes.empty() || request.metadata) &&
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

class Check {
  public:
    Check(const CommitRequest& request, const Snapshot& read, const Snapshot& now)
        : request_(request), read_(read), now_(now) {
        for (const auto& remove : request.removes)
            removes_.insert(canonical_path(remove.path, now.root));
    }

    Status winner(const Winner& winner) {
        std::string operation = "an operation without a name";
        bool blind = false;
        for (const auto& action : winner.actions)
            if (auto* info = std::get_if<CommitInfo>(&action)) {
                if (!info->operation.empty()) operation = info->operation;
                blind = info->blind_append.value_or(false);
            }
        auto conflict = [&](std::string what) {
            return fail(errors::kTableConflict,
                        fmt::format("version {} of table {} ({}) {}", winner.version, now_.root,
                                    operation, what));
        };
        std::set<std::string> removed;
        for (const auto& action : winner.actions)
            if (auto* remove = std::get_if<RemoveFile>(&action))
                removed.insert(canonical_path(remove->path, now_.root));
        for (const auto& path : removed)
            if (removes_.contains(path))
                return conflict("took away a file that this changes: " + path);
        if (auto path = read_file_of(removed); !path.empty())
            return conflict("took away a file that this has read: " + path);
        for (const auto& action : winner.actions) {
            if (auto* domain = std::get_if<DomainMetadata>(&action))
                if (changes_domain(domain->domain))
                    return conflict("set " + domain->domain + " too");
            auto* add = std::get_if<AddFile>(&action);
            if (add && add->data_change && minds_added(blind) && may_hold(*add))
                return conflict("added rows that this should have read");
        }
        return {};
    }

  private:
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
    // The first of these files that was read; empty: none was.
    std::string read_file_of(const std::set<std::string>& removed) const {
        std::string out;
        if (removed.empty() || !reads_rows()) return out;
        read_.files.each([&](const FileList::Slot& file) {
            if (!out.empty()) return;
            auto path = canonical_path(file->path, read_.root);
            if (removed.contains(path) && may_hold(*file)) out = std::move(path);
        });
        return out;
    }

    const CommitRequest& request_;
    const Snapshot& read_;
    const Snapshot& now_;
    std::set<std::string> removes_;
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
    return request.reads || !request.removes.empty() || !request.domains.empty();
}

Status check_conflicts(const CommitRequest& request, const Snapshot& read, const Snapshot& now,
                       const std::vector<Winner>& winners) {
    TARN_RETURN_IF_ERROR(check_states(request, read, now));
    Check check(request, read, now);
    for (const auto& winner : winners)
        TARN_RETURN_IF_ERROR(check.winner(winner));
    return {};
}

}  // namespace tarn::delta
