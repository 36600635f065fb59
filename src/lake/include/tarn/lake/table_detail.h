#pragma once

// What a page about one table shows beyond TableInfo: its columns with all that is in them, what it
// asks of readers and writers, and how its rows lie in files.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tarn/lake/lake.h"

namespace tarn::lake {

// A column, or a part of one: a field of a struct, "element" of a list, "key" and "value" of a map.
struct ColumnDetail {
    std::string name, type;  // a type as Delta names it: "decimal(10,2)", "struct", "array<long>"
    bool nullable = true;
    std::string comment;
    std::optional<std::string> generated, otherwise;  // SQL: of what it is made; its default
    std::optional<int32_t> id;                        // of column mapping
    std::string physical;  // name in files, if column mapping is on; else empty
    std::vector<ColumnDetail> parts;
};

// PROTOCOL.md "Table Features": listed, or implied by a version from before they were.
struct FeatureDetail {
    std::string name;
    bool reader = false, writer = false;  // who must know it
};

struct TableDetail {
    TableInfo info;
    std::vector<ColumnDetail> schema;
    std::string column_mapping;  // "none", "name", "id"
    int32_t min_reader = 1, min_writer = 2;
    std::vector<FeatureDetail> features;  // by name
    std::vector<std::string> cluster_by;  // columns of liquid clustering, fields with dots
};

// Files of the newest version, summed up.
struct FileGroup {
    uint64_t files = 0, bytes = 0;
    uint64_t rows = 0;                       // that readers see, of files that have a count
    uint64_t uncounted = 0;                  // files without one
    uint64_t vectors = 0, deleted_rows = 0;  // deletion vectors, and rows that they hide
    uint64_t small = 0;                      // files that OPTIMIZE would make larger
};
struct PartitionLayout {
    std::vector<std::optional<std::string>> values;  // as TableLayout::partition_by; null: NULL
    FileGroup group;
};
// Files of at least the bound before this one, and of less than this one.
struct SizeRange {
    std::optional<uint64_t> below;  // bytes; the last range has no bound
    uint64_t files = 0, bytes = 0;
};
struct TableLayout {
    static constexpr size_t kMostPartitions = 200;

    int64_t version = -1;
    uint64_t target_bytes = 0;  // what OPTIMIZE makes a file
    FileGroup all;
    std::vector<std::string> partition_by;
    uint64_t partition_count = 0;             // 0 of a table without partitions
    std::vector<PartitionLayout> partitions;  // the largest first, at most kMostPartitions
    FileGroup others;                         // of the partitions that are left out
    std::vector<SizeRange> sizes;             // ascending; the same bounds for every table
};

}  // namespace tarn::lake
