// How the rows of a table lie in files: by partition, and by size.

#include <algorithm>
#include <array>
#include <map>

#include "file_bins.h"
#include "tarn/lake/table_detail.h"

namespace tarn::lake {
namespace {

// Half decades: two ranges to each zero of a size.
constexpr std::array<uint64_t, 11> kSizeBounds = {
    10'000,     30'000,     100'000,     300'000,     1'000'000,    3'000'000,
    10'000'000, 30'000'000, 100'000'000, 300'000'000, 1'000'000'000};

void add(FileGroup& group, const delta::AddFile& file, int64_t target_bytes) {
    ++group.files;
    group.bytes += uint64_t(std::max<int64_t>(0, file.size));
    if (file.live_rows() < 0)
        ++group.uncounted;
    else
        group.rows += uint64_t(file.live_rows());
    if (file.deletion_vector) {
        ++group.vectors;
        group.deleted_rows += uint64_t(std::max<int64_t>(0, file.deletion_vector->cardinality));
    }
    if (is_small(file, target_bytes)) ++group.small;
}

void add(FileGroup& group, const FileGroup& other) {
    group.files += other.files;
    group.bytes += other.bytes;
    group.rows += other.rows;
    group.uncounted += other.uncounted;
    group.vectors += other.vectors;
    group.deleted_rows += other.deleted_rows;
    group.small += other.small;
}

void add_size(std::vector<SizeRange>& sizes, const delta::AddFile& file) {
    const auto bytes = uint64_t(std::max<int64_t>(0, file.size));
    const auto bound = std::ranges::upper_bound(kSizeBounds, bytes);
    auto& range = sizes[size_t(bound - kSizeBounds.begin())];
    ++range.files;
    range.bytes += bytes;
}

}  // namespace

Result<TableLayout> Lake::layout(std::string_view table) {
    TARN_TRY(const auto snapshot, impl_->snapshot(table));
    if (!snapshot->schema)
        return fail(ErrorCode::kCorrupted, "table " + std::string(table) + " has no schema");
    const auto target = target_bytes_of(*snapshot);
    TableLayout out;
    out.version = snapshot->version;
    out.target_bytes = uint64_t(target);
    out.partition_by = snapshot->metadata->partition_columns;
    for (const auto bound : kSizeBounds)
        out.sizes.push_back({.below = bound});
    out.sizes.emplace_back();
    std::map<PartitionKey, FileGroup> groups;
    snapshot->files.each([&](const auto& file) {
        add(out.all, *file, target);
        add_size(out.sizes, *file);
        if (!out.partition_by.empty()) add(groups[partition_of(*snapshot, *file)], *file, target);
    });
    out.partition_count = groups.size();
    for (auto& [values, group] : groups)
        out.partitions.push_back({values, group});
    // Equal ones stay in the order of their values.
    std::ranges::stable_sort(out.partitions, std::ranges::greater(),
                             [](const auto& partition) { return partition.group.bytes; });
    for (size_t i = TableLayout::kMostPartitions; i < out.partitions.size(); ++i)
        add(out.others, out.partitions[i].group);
    if (out.partitions.size() > TableLayout::kMostPartitions)
        out.partitions.resize(TableLayout::kMostPartitions);
    return out;
}

}  // namespace tarn::lake
