// The partitions that the new rows fall in are replaced (all files, if the table has none), as the
// writer saw them at one version.

#include <fmt/format.h>

#include "action.h"

namespace tarn::lake {
namespace {

Status check(const delta::Snapshot& snapshot, const AppendRequest& request) {
    TARN_RETURN_IF_ERROR(check_rows_may_go(snapshot, request.table));
    if (request.replace_at != snapshot.version)
        return fail(ErrorCode::kConflict,
                    fmt::format("another writer changed table {} between versions {} and {}",
                                request.table, request.replace_at, snapshot.version));
    return {};
}

// The files that stand in the partitions of the new ones.
std::vector<delta::RemoveFile> removes(const delta::Snapshot& snapshot,
                                       const std::vector<delta::AddFile>& adds, Timestamp time) {
    std::vector<delta::RemoveFile> out;
    std::set<PartitionKey> touched;
    for (auto& add : adds)
        touched.insert(partition_identity(snapshot, add));
    snapshot.files.each([&](auto& file) {
        if (!touched.contains(partition_identity(snapshot, *file))) return;
        out.push_back(removal(*file, time));
    });
    return out;
}

constexpr std::pair<std::string_view, std::string_view> kParameters[] = {
    {"partitionOverwriteMode", "dynamic"}};

}  // namespace

const WriteAction& overwrite_partitions_action() {
    static constexpr WriteAction kOverwrite{
        .mode = "Overwrite", .parameters = kParameters, .check = check, .removes = removes};
    return kOverwrite;
}

}  // namespace tarn::lake
