#include "table_files.h"

#include <filesystem>

#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/paths.h"

namespace tarn::lake {

Result<std::string> vector_file(const delta::DeletionVector& vector, const std::string& root) {
    if (vector.storage == 'i') return std::string();
    if (vector.storage == 'u') return delta::deletion_vector_path(vector.path_or_inline);
    return delta::canonical_path(vector.path_or_inline, root);
}

std::string absolute_path(const std::string& path) {
    if (path.starts_with('/')) return path;
    std::error_code error;
    auto out = std::filesystem::absolute(path, error).lexically_normal().string();
    return error ? path : out;
}

void NeededFiles::put(const std::string& canonical, const std::string& of) {
    auto path =
        of == root_ || canonical.starts_with('/') ? canonical : delta::disk_path(canonical, of);
    if (path.starts_with(absolute_ + "/")) path.erase(0, absolute_.size() + 1);
    // A table that takes another one's place has its files moved over, each under its name.
    if (of != root_ && path != canonical) paths_.insert(canonical);
    paths_.insert(std::move(path));
}

bool refers_into(const delta::Snapshot& snapshot, const std::string& folder) {
    bool refers = false;
    snapshot.files.each([&](const auto& file) {
        refers = refers || delta::canonical_path(file->path, snapshot.root).starts_with(folder);
    });
    return refers;
}

std::string table_that_refers(Lake& lake, Lake::Impl& impl, std::string_view name) {
    const auto folder = absolute_path(impl.path_of(name)) + "/";
    for (const auto& other : lake.tables()) {
        if (other == name) continue;
        auto snapshot = impl.snapshot(other);
        if (!snapshot) continue;  // nobody reads it as it is
        if (refers_into(**snapshot, folder)) return other;
    }
    return {};
}

Status NeededFiles::add_all(const delta::Snapshot& snapshot, int64_t since_ms) {
    Status status;
    snapshot.files.each([&](const auto& file) {
        if (status) status = add(*file, snapshot.root);
    });
    TARN_RETURN_IF_ERROR(status);
    for (const auto& [key, file] : *snapshot.tombstones)
        if (file.deleted_ms.value_or(0) >= since_ms) TARN_RETURN_IF_ERROR(add(file, snapshot.root));
    return {};
}

}  // namespace tarn::lake
