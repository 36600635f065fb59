#pragma once

// How OPTIMIZE puts files together without reading their rows: row groups that are large enough to
// stay are copied, rows of the other files are written anew between them.

#include <optional>
#include <string>
#include <vector>

#include "file_bins.h"
#include "tarn/delta/joined_file.h"

namespace tarn::lake {

// A part of a new file, in the order of its rows: one or the other.
struct JoinPart {
    std::optional<delta::CopySource> copied = {};
    FileList written = {};  // files whose rows are written anew
};

// Nothing if too little would be copied: then all is better written anew. Files that are copied
// have the same form, our own writer's if anything is to be written. Errors: of copy_source().
Result<std::vector<JoinPart>> plan_join(io::FileSystem& fs, const delta::Snapshot& table,
                                        const delta::StatisticsMerge& statistics,
                                        const FileList& sources, const CopyLimits& limits);

// The folder on disk for a file of these rows: that of the first source that lies in the table.
std::string folder_of(const delta::Snapshot& table, const FileList& sources);

}  // namespace tarn::lake
