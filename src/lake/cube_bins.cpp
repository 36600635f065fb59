// OPTIMIZE of a table that is clustered. What was put in order together is a cube; how large one
// may be is bounded, so that what comes later need not be put in order with all that stands.
//
// Files that are in no cube become one. A cube that is not full yet joins them if it is not much
// larger than what it joins: so a row is written anew a number of times that grows with the
// logarithm of the table, not with the number of times that OPTIMIZE is run.

#include <algorithm>
#include <map>

#include "file_bins.h"
#include "tarn/delta/clustering.h"

namespace tarn::lake {
namespace {

constexpr int64_t kCubeFiles = 16;  // of the target's size
constexpr int64_t kLargerCube = 2;  // than what it joins, at most

struct Cubes {
    FileBin loose;  // in none, or with many rows deleted
    std::vector<FileBin> cubes;
};

Cubes cubes_of(const delta::Snapshot& table, const std::vector<std::string>& columns, bool full) {
    Cubes out;
    std::map<std::string, FileBin> by_id;
    auto put = [](FileBin& to, const auto& file) {
        to.sources.push_back(file);
        to.bytes += file->size;
    };
    table.files.each([&](const auto& file) {
        const auto cube = delta::cube_of(*file);
        const bool clustered = cube && file->clustering_provider && !has_many_deleted(*file);
        if (full || !clustered)
            put(out.loose, file);
        else if (*file->clustering_provider == delta::kClusteringProvider &&
                 cube->columns == columns)
            put(by_id[cube->id], file);
        // What was clustered by others, or by other columns, stays as it is.
    });
    for (auto& [id, cube] : by_id)
        out.cubes.push_back(std::move(cube));
    std::ranges::stable_sort(out.cubes, {}, &FileBin::bytes);
    return out;
}

void join(FileBin& to, FileBin& cube) {
    to.bytes += cube.bytes;
    std::ranges::move(cube.sources, std::back_inserter(to.sources));
}

}  // namespace

std::vector<FileBin> plan_cubes(const delta::Snapshot& table, const OptimizeRequest& request,
                                int64_t target_bytes, const std::vector<std::string>& columns) {
    const auto most = target_bytes * kCubeFiles;
    auto [all, cubes] = cubes_of(table, columns, request.full);
    // Who asks by himself has each new file put in order; who is asked now and then waits for some.
    const bool few = request.min_files > 2 && int(all.sources.size()) < request.min_files;
    const size_t loose = few ? 0 : all.sources.size();
    if (few) all = FileBin();
    size_t joined = 0;
    for (auto& cube : cubes) {
        if (few || cube.bytes >= most) break;
        if (!all.sources.empty() && cube.bytes > all.bytes * kLargerCube) break;
        join(all, cube);
        ++joined;
    }
    std::vector<FileBin> out;
    if (loose == 0 && joined < 2) return out;
    for (auto& file : all.sources) {
        if (out.empty() || out.back().bytes + file->size > most) out.emplace_back().ordered = true;
        out.back().sources.push_back(file);
        out.back().bytes += file->size;
    }
    return out;
}

}  // namespace tarn::lake
