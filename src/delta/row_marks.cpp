#include "row_marks.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/file_stats.h"
#include "tarn/delta/paths.h"

namespace tarn::errors {
extern const ErrorId kTableConflict;
}  // namespace tarn::errors

namespace tarn::delta {

RemoveFile removal(const AddFile& file, Timestamp time) {
    RemoveFile remove;
    remove.path = file.path;
    remove.deleted_ms = time.ms();
    remove.extended = true;
    remove.partition_values = file.partition_values;
    remove.size = file.size;
    remove.deletion_vector = file.deletion_vector;
    remove.base_row_id = file.base_row_id;
    remove.default_row_commit_version = file.default_row_commit_version;
    return remove;
}

std::string with_wide_bounds(std::string stats) {
    constexpr std::string_view kTight = "\"tightBounds\":true";
    if (auto at = stats.find(kTight); at != stats.npos)
        return stats.replace(at, kTight.size(), "\"tightBounds\":false");
    if (stats.find("\"tightBounds\"") != stats.npos || !stats.ends_with('}')) return stats;
    stats.pop_back();
    return stats + (stats.ends_with('{') ? "" : ",") + "\"tightBounds\":false}";
}

void RowMarks::take_back() {
    request_.adds.resize(adds_);
    request_.removes.resize(removes_);
    if (!written_.empty()) (void)fs_.remove(written_);
    written_.clear();
}

Status RowMarks::put(const Snapshot& now) {
    if (request_.marks.empty()) return {};
    std::map<std::string, const AddFile*> live;
    for (const auto& mark : request_.marks)
        live.emplace(canonical_path(mark.path, now.root), nullptr);
    now.files.each([&](const FileList::Slot& file) {
        const auto at = live.find(canonical_path(file->path, now.root));
        if (at != live.end()) at->second = file.get();
    });
    DeletionVectorFile vectors(request_.new_id());
    for (const auto& mark : request_.marks) {
        const auto path = canonical_path(mark.path, now.root);
        const auto* file = live.at(path);
        if (!file)
            return fail(errors::kTableConflict,
                        "table " + now.root + " has no longer the file " + path);
        request_.removes.push_back(removal(*file, request_.time));
        auto rows = mark.rows->rows();
        if (file->deletion_vector) {
            TARN_TRY(const auto before,
                     read_deletion_vector(fs_, now.root, *file->deletion_vector));
            std::vector<uint64_t> both;
            std::ranges::set_union(before, rows, std::back_inserter(both));
            rows = std::move(both);
        }
        if (int64_t(rows.size()) == file->records) continue;
        auto add = *file;
        add.deletion_vector = std::make_shared<const DeletionVector>(vectors.add(rows));
        add.stats = with_wide_bounds(std::move(add.stats));
        add.data_change = true;
        request_.adds.push_back(std::move(add));
    }
    if (vectors.empty()) return {};
    written_ = now.root + "/" + vectors.name();
    return vectors.write(fs_, now.root);
}

}  // namespace tarn::delta
