// The commits of a table, the newest first, each with what it did to files and how many rows the
// table has had since.

#include <unordered_map>
#include <unordered_set>

#include "lake_impl.h"
#include "tarn/delta/history.h"
#include "tarn/delta/paths.h"

namespace tarn::lake {
namespace {

// A file that a commit added or removed.
struct FileChange {
    std::string path;  // canonical
    bool added = false;
    int64_t records = -1;  // of one that was added: before its deletion vector; -1 unknown
    int64_t hidden = 0;    // by its deletion vector
};
using FileChanges = std::vector<FileChange>;

int64_t hidden_rows(const std::shared_ptr<const delta::DeletionVector>& vector) {
    return vector ? vector->cardinality : 0;
}

HistoryEntry entry_of(const delta::VersionInfo& version) {
    HistoryEntry entry;
    const auto& info = version.info;
    entry.version = version.version;
    entry.time = Timestamp::from_ms(version.time_ms);
    entry.operation = info.operation;
    entry.engine = info.engine;
    entry.user_metadata = info.user_metadata;
    entry.isolation = info.isolation;
    entry.read_version = info.read_version;
    entry.parameters.insert(info.parameters.begin(), info.parameters.end());
    entry.metrics.insert(info.metrics.begin(), info.metrics.end());
    if (!version.transactions.empty()) {
        const auto& txn = version.transactions.front();
        entry.txn = Txn{txn.app_id, txn.version};
    }
    return entry;
}

// Files by what became of them: one that is removed and added again has another deletion vector.
void count_files(HistoryEntry& entry, const std::vector<delta::Action>& actions,
                 const std::string& root, FileChanges& changes) {
    std::unordered_set<std::string> removed;
    for (const auto& action : actions)
        if (const auto* file = std::get_if<delta::RemoveFile>(&action)) {
            auto path = delta::canonical_path(file->path, root);
            ++entry.files_removed;
            entry.bytes_removed += uint64_t(std::max<int64_t>(0, file->size.value_or(0)));
            changes.push_back({path, false, -1, hidden_rows(file->deletion_vector)});
            removed.insert(std::move(path));
        }
    int64_t written = 0;
    bool counted = true;
    for (const auto& action : actions) {
        const auto* file = std::get_if<delta::AddFile>(&action);
        if (!file) continue;
        auto path = delta::canonical_path(file->path, root);
        const auto size = uint64_t(std::max<int64_t>(0, file->size));
        if (removed.contains(path)) {
            ++entry.vectors;
            --entry.files_removed;
            entry.bytes_removed -= std::min(size, entry.bytes_removed);
        } else {
            ++entry.files_added;
            entry.bytes_added += size;
            counted = counted && file->records >= 0;
            written += file->records;
        }
        changes.push_back(
            {std::move(path), true, file->records, hidden_rows(file->deletion_vector)});
    }
    entry.rows_written = counted ? written : -1;
}

// Counts of rows of files that were removed, from where they were added: in these commits, else in
// the oldest of their versions.
class RowCounts {
  public:
    RowCounts(const std::vector<FileChanges>& commits, delta::Table& table, int64_t oldest) {
        std::unordered_set<std::string> missing;
        for (const auto& changes : commits)
            for (const auto& change : changes)
                if (change.added) known_[change.path] = change.records;
        // What the oldest one removed tells of versions before it, which nobody asks for.
        for (size_t i = 0; i + 1 < commits.size(); ++i)
            for (const auto& change : commits[i])
                if (!change.added && !known_.contains(change.path)) missing.insert(change.path);
        if (missing.empty()) return;
        const auto then = table.at(oldest);
        if (!then) return;  // its log is gone: their rows stay unknown
        (*then)->files.each([&](const auto& file) {
            auto path = delta::canonical_path(file->path, (*then)->root);
            if (missing.contains(path)) known_[std::move(path)] = file->records;
        });
    }
    // Rows of the version before this commit; -1 unknown.
    int64_t before(const FileChanges& changes, int64_t rows) const {
        for (const auto& change : changes) {
            const auto at = known_.find(change.path);
            if (rows < 0 || at == known_.end() || at->second < 0) return -1;
            const auto seen = at->second - change.hidden;
            rows += change.added ? -seen : seen;
        }
        return rows;
    }

  private:
    std::unordered_map<std::string, int64_t> known_;  // -1: a file without a count
};

}  // namespace

Result<std::vector<HistoryEntry>> Lake::history(std::string_view table, int64_t limit) {
    TARN_TRY(auto entry, impl_->entry(table));
    TARN_TRY(auto snapshot, impl_->snapshot(table));
    std::vector<HistoryEntry> out;
    std::vector<FileChanges> commits;
    TARN_RETURN_IF_ERROR(delta::read_history(
        impl_->context.fs, entry->table, snapshot->version, limit,
        [&](delta::VersionInfo&& version, std::vector<delta::Action>&& actions) -> Status {
            out.push_back(entry_of(version));
            count_files(out.back(), actions, snapshot->root, commits.emplace_back());
            return {};
        }));
    if (out.empty()) return out;
    int64_t rows = snapshot->uncounted ? -1 : snapshot->rows;
    const RowCounts counts(commits, entry->table, out.back().version);
    for (size_t i = 0; i < out.size(); ++i) {
        out[i].rows = rows;
        rows = counts.before(commits[i], rows);
    }
    return out;
}

}  // namespace tarn::lake
