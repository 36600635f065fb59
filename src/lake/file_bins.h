#pragma once

// What OPTIMIZE makes of a table's files: which of them become one, and how the rows of some files
// are written as new ones.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lake_impl.h"
#include "tarn/delta/clustering.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/delta_files.h"

namespace tarn::lake {

// Files of one partition that become one, or if they are ordered some.
struct FileBin {
    PartitionKey partition = {};
    FileList sources = {};        // as they are now
    FileList first_sources = {};  // as they were when the new files were written
    int64_t bytes = 0;
    std::optional<delta::Cube> cube = {};   // that the new files are, if the table is clustered
    bool ordered = false;                   // the rows do not stand as they stood in the sources
    std::vector<delta::AddFile> made = {};  // on disk, not in the table yet
    std::vector<uint64_t> carried = {};  // rows of the one file made that others deleted, ascending
};

// What OPTIMIZE makes a file, if nobody says otherwise: bytes, above 0.
int64_t target_bytes_of(const delta::Snapshot& table);
// Whether a file is put together with others. What is near to the target is left alone.
bool is_small(const delta::AddFile& file, int64_t target_bytes);

// The partitions that the condition holds for. Errors: kInvalidArgument (the SQL; columns that are
// not partition columns).
Result<std::set<PartitionKey>> partitions_where(sql::Session& session,
                                                const std::shared_ptr<const delta::Snapshot>& table,
                                                const std::string& where);

// Sources are in the order in which they came. `only`: null for all partitions.
std::vector<FileBin> plan_bins(const delta::Snapshot& table, const OptimizeRequest& request,
                               int64_t target_bytes, const std::set<PartitionKey>* only);

// Of a table that is clustered by these columns (with dots): files that are in no cube, with cubes
// that are small beside them; with request.full all files.
std::vector<FileBin> plan_cubes(const delta::Snapshot& table, const OptimizeRequest& request,
                                int64_t target_bytes, const std::vector<std::string>& columns);
// More of its rows are deleted than may be left.
bool has_many_deleted(const delta::AddFile& file);

// Columns that a Z-order can go by. Errors: kInvalidArgument.
Status check_order(const delta::Snapshot& table, const std::vector<std::string>& columns);

// Makes a temporary table of the rows in Z-order: ranks of the columns' values (of 256 ranges,
// learned from a sample; NULL comes first) with their bits interleaved. Columns may be fields of
// structs. `ids`: what row_ids() gives of `t`, or nothing. Gives its name.
Result<std::string> order_rows(sql::Session& session, const std::string& rows,
                               const delta::Snapshot& table,
                               const std::vector<delta::FieldPath>& columns,
                               const std::string& ids);

// Live files by canonical path.
using FilesByPath = std::unordered_map<std::string, std::shared_ptr<const delta::AddFile>>;
FilesByPath files_by_path(const delta::Snapshot& table);

// Takes what others did to the sources since into the bin: rows that they deleted since are
// `carried`. False if that cannot be: a source is gone, or
// rows have no known place in what was made.
Result<bool> follow(io::FileSystem& fs, FileBin& bin, const delta::Snapshot& now,
                    const FilesByPath& files);

}  // namespace tarn::lake
