#include "tarn/delta/changes.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/paths.h"

namespace tarn::errors {
extern const ErrorId kNoTableVersion;
}  // namespace tarn::errors

namespace tarn::delta {
namespace {

using Positions = std::vector<uint64_t>;

// What one version did to one file.
struct Pair {
    std::shared_ptr<const AddFile> added;
    std::optional<RemoveFile> removed;
};

class ChangesReader {
  public:
    ChangesReader(io::FileSystem& fs, Table& table) : fs_(fs), table_(table) {}

    Result<VersionChanges> read(int64_t version) {
        TARN_TRY(auto actions, read_commit(fs_, table_.log_folder(), version));
        version_ = version;
        VersionChanges out;
        std::vector<std::shared_ptr<const AddFile>> logged;
        std::map<std::string, Pair> pairs;  // by path
        for (auto& action : actions) {
            if (auto* info = std::get_if<CommitInfo>(&action)) {
                out.in_commit_ms = info->in_commit_timestamp_ms;
                out.said_ms = info->timestamp_ms;
                out.operation = std::move(info->operation);
            } else if (std::holds_alternative<Metadata>(action)) {
                out.new_metadata = true;
            } else if (auto* change = std::get_if<ChangeFile>(&action)) {
                auto file = std::make_shared<AddFile>();
                file->path = std::move(change->path);
                file->partition_values = std::move(change->partition_values);
                file->size = change->size;
                logged.push_back(std::move(file));
            } else if (auto* add = std::get_if<AddFile>(&action)) {
                if (!add->data_change) continue;
                auto path = canonical_path(add->path, table_.root());
                pairs[std::move(path)].added = std::make_shared<const AddFile>(std::move(*add));
            } else if (auto* remove = std::get_if<RemoveFile>(&action)) {
                if (!remove->data_change) continue;
                auto path = canonical_path(remove->path, table_.root());
                pairs[std::move(path)].removed = std::move(*remove);
            }
        }
        for (auto& file : logged)
            put(RowChange::kLogged, std::move(file), std::nullopt, out.rows);
        if (!logged.empty()) return out;
        for (auto& [path, pair] : pairs)
            TARN_RETURN_IF_ERROR(compare(path, pair, out.rows));
        std::ranges::stable_partition(
            out.rows, [](const auto& one) { return one.change == RowChange::kDelete; });
        return out;
    }

  private:
    void put(RowChange change, std::shared_ptr<const AddFile> file, std::optional<Positions> only,
             std::vector<ChangedRows>& out) const {
        if (only && only->empty()) return;
        out.push_back({version_, 0, change, std::move(file), std::move(only)});
    }
    Result<Positions> deleted(const std::shared_ptr<const DeletionVector>& vector) const {
        if (!vector) return Positions{};
        return read_deletion_vector(fs_, table_.root(), *vector);
    }
    Status compare(const std::string& path, Pair& pair, std::vector<ChangedRows>& out) {
        if (!pair.removed) {
            put(RowChange::kInsert, std::move(pair.added), std::nullopt, out);
            return {};
        }
        if (!pair.added) {
            TARN_TRY(auto file, before(path, *pair.removed));
            put(RowChange::kDelete, std::move(file), std::nullopt, out);
            return {};
        }
        TARN_TRY(const auto old_rows, deleted(pair.removed->deletion_vector));
        TARN_TRY(const auto new_rows, deleted(pair.added->deletion_vector));
        Positions gone, back;
        std::ranges::set_difference(new_rows, old_rows, std::back_inserter(gone));
        std::ranges::set_difference(old_rows, new_rows, std::back_inserter(back));
        put(RowChange::kDelete, pair.added, std::move(gone), out);
        put(RowChange::kInsert, pair.added, std::move(back), out);
        return {};
    }
    // The file as it was. A remove need not repeat its partition values: then the version before
    // has them.
    Result<std::shared_ptr<const AddFile>> before(const std::string& path,
                                                  const RemoveFile& removed) {
        if (!removed.extended) {
            if (!before_ || before_->version != version_ - 1) {
                TARN_TRY(before_, table_.at(version_ - 1));
            }
            std::shared_ptr<const AddFile> found;
            before_->files.each([&](const auto& file) {
                if (canonical_path(file->path, table_.root()) == path) found = file;
            });
            if (found) return found;
        }
        auto file = std::make_shared<AddFile>();
        file->path = removed.path;
        file->partition_values = removed.partition_values;
        file->size = removed.size.value_or(0);
        file->deletion_vector = removed.deletion_vector;
        return file;
    }

    io::FileSystem& fs_;
    Table& table_;
    int64_t version_ = 0;
    std::shared_ptr<const Snapshot> before_;
};

}  // namespace

Result<VersionChanges> changes_of(io::FileSystem& fs, Table& table, int64_t version) {
    return ChangesReader(fs, table).read(version);
}

Result<std::vector<ChangedRows>> changed_rows(io::FileSystem& fs, Table& table, int64_t from,
                                              int64_t to) {
    TARN_TRY(const auto log, list_log(fs, table.log_folder()));
    const auto times = commit_file_times(log);
    std::vector<ChangedRows> out;
    ChangesReader reader(fs, table);
    for (auto version = from; version <= to; ++version) {
        const auto time = times.find(version);
        if (time == times.end())
            return fail(errors::kNoTableVersion,
                        "table " + table.root() + " has no commit of version " +
                            std::to_string(version) +
                            (times.empty()
                                 ? ""
                                 : "; there are those of " + std::to_string(times.begin()->first) +
                                       " to " + std::to_string(times.rbegin()->first)));
        TARN_TRY(auto changes, reader.read(version));
        for (auto& one : changes.rows) {
            one.time_ms = changes.in_commit_ms.value_or(time->second);
            out.push_back(std::move(one));
        }
    }
    return out;
}

}  // namespace tarn::delta
