#include "file_join.h"

#include <algorithm>

#include "tarn/delta/paths.h"

namespace tarn::lake {
namespace {

// Of the bytes of all files that much must be copied, or all are written anew: the rows of the
// others are written twice.
constexpr double kLeastCopied = 0.5;

using Copies = std::vector<std::optional<delta::CopySource>>;

// Those that stay; the first one's form decides.
void keep_one_form(Copies& copies) {
    const bool whole = std::ranges::all_of(copies, [](const auto& one) { return bool(one); });
    if (whole && std::ranges::all_of(copies, [&](const auto& one) {
            return codec::is_same_form(one->footer, copies.front()->footer);
        }))
        return;
    const codec::ParquetFooter* form = nullptr;
    for (auto& one : copies) {
        if (!one) continue;
        if (!is_own_form(*one) || (form && !codec::is_same_form(one->footer, *form)))
            one.reset();
        else
            form = &one->footer;
    }
}

bool has_large_groups(const codec::ParquetFooter& footer, const CopyLimits& limits) {
    if (footer.groups.empty()) return false;
    uint64_t bytes = 0;
    for (const auto& group : footer.groups)
        bytes += group.end() - group.begin();
    const auto groups = footer.groups.size(), columns = footer.groups[0].chunks.size();
    return bytes >= limits.group_bytes * groups &&
           (footer.rows >= limits.group_rows * int64_t(groups) ||
            bytes >= limits.chunk_bytes * columns * groups);
}

}  // namespace

Result<std::vector<JoinPart>> plan_join(io::FileSystem& fs, const delta::Snapshot& table,
                                        const delta::StatisticsMerge& statistics,
                                        const FileList& sources, const CopyLimits& limits) {
    Copies copies(sources.size());
    size_t groups = sources.size();  // that are written anew have at least one
    for (size_t i = 0; i < sources.size(); ++i) {
        if (uint64_t(sources[i]->size) < limits.group_bytes) continue;
        TARN_TRY(auto copy, delta::copy_source(fs, table, statistics, sources[i]));
        if (!copy || !has_large_groups(copy->footer, limits)) continue;
        groups += copy->footer.groups.size();
        copies[i] = *std::move(copy);
    }
    std::vector<JoinPart> none;
    // Half as many leave room for those of rows that are written anew.
    if (groups > codec::ParquetJoin::kMostGroups / 2) return none;
    keep_one_form(copies);

    std::vector<JoinPart> out;
    int64_t waiting = 0, copied = 0, all = 0;  // rows; bytes
    FileList written;
    auto close = [&] {
        if (!written.empty()) out.push_back({.written = std::exchange(written, {})});
        waiting = 0;
    };
    for (size_t i = 0; i < sources.size(); ++i) {
        all += sources[i]->size;
        // So that few rows between two large files do not become a row group.
        if (!copies[i] || (waiting > 0 && waiting < limits.group_rows)) {
            waiting += std::max<int64_t>(sources[i]->live_rows(), 1);
            written.push_back(sources[i]);
            continue;
        }
        close();
        copied += sources[i]->size;
        out.push_back({.copied = std::move(copies[i])});
    }
    close();
    return double(copied) < kLeastCopied * double(all) ? none : std::move(out);
}

std::string folder_of(const delta::Snapshot& table, const FileList& sources) {
    for (const auto& source : sources) {
        const auto path = delta::canonical_path(source->path, table.root);
        if (!path.starts_with('/') && path.find("://") == std::string::npos)
            return io::parent_path(delta::disk_path(path, table.root));
    }
    return table.root;
}

}  // namespace tarn::lake
