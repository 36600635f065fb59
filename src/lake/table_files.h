#pragma once

// Which files on disk versions of a table need, by canonical path (tarn/delta/paths.h).

#include <set>
#include <string>

#include "lake_impl.h"
#include "tarn/delta/paths.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {

// The canonical path of the file that a vector stands in; empty if it stands in the log. Errors:
// kCorrupted.
Result<std::string> vector_file(const delta::DeletionVector& vector, const std::string& root);

// A path of the working folder made absolute.
std::string absolute_path(const std::string& path);

// As maintain.h says. Errors: kInvalidArgument (both), kNotFound.
Result<std::shared_ptr<const delta::Snapshot>> version_of(Entry& entry, const TableVersion& which);

// Whether a live file lies below this absolute folder, which ends with a slash.
bool refers_into(const delta::Snapshot& snapshot, const std::string& folder);

// A table of the lake, but for this one, that has files of it (a shallow clone); empty: none has.
std::string table_that_refers(Lake& lake, Lake::Impl& impl, std::string_view name);

// Data files and vectors, of what a log says is or was there.
class NeededFiles {
  public:
    explicit NeededFiles(const std::string& root) : root_(root), absolute_(absolute_path(root)) {}
    // Paths are those of a log at `of`: the table's own, or another's that refers to its files.
    template <class File>
    Status add(const File& file, const std::string& of) {
        put(delta::canonical_path(file.path, of), of);
        if constexpr (requires { file.deletion_vector; })
            if (file.deletion_vector) {
                TARN_TRY(auto path, vector_file(*file.deletion_vector, of));
                if (!path.empty()) put(path, of);
            }
        return {};
    }
    // Live files, and those that went at `since_ms` or later.
    Status add_all(const delta::Snapshot& snapshot, int64_t since_ms);
    bool contains(const std::string& path) const { return paths_.contains(path); }
    const std::set<std::string>& paths() const { return paths_; }

  private:
    void put(const std::string& canonical, const std::string& of);

    const std::string root_, absolute_;
    std::set<std::string> paths_;  // relative to the table where they lie in it
};

}  // namespace tarn::lake
