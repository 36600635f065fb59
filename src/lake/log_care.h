#pragma once

// What can be wrong with a table's log beside what it says of files: shared by validate, which says
// it, and repair, which mends it.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tarn/delta/log_files.h"
#include "tarn/delta/snapshot.h"
#include "tarn/delta/table.h"
#include "tarn/io/file_system.h"

namespace tarn::lake {

inline constexpr int64_t kMostChecksums = 256;  // that are looked at: of the newest versions

// A checksum, by its name in the log, and all that is wrong with it: nothing if it holds.
using EachChecksum = std::function<void(const std::string& name, std::vector<std::string> wrong)>;
// Holds checksums against `newest`, and where all commits from version 0 on are there against the
// versions before it, which are replayed for that. Of versions that cannot be replayed a checksum
// must still be one. Errors: a commit that cannot be read.
Status each_checksum(io::FileSystem& fs, const delta::LogListing& log,
                     const delta::Snapshot& newest, const EachChecksum& each);

// A checkpoint that can be read.
struct SeenCheckpoint {
    delta::Checkpoint checkpoint;
    delta::CheckpointCounts counts;
};
// Why `_last_checkpoint` misleads who goes by it (PROTOCOL.md "Last Checkpoint File Schema");
// nothing if it is sound, or not there. Its size is looked at for classic checkpoints alone, and
// may count files in place of actions, as some writers have it.
std::optional<std::string> wrong_hint(io::FileSystem& fs, const std::string& log_folder,
                                      const std::vector<SeenCheckpoint>& checkpoints);

// Versions that the log lacks though older ones are there, and no compaction has them; each a
// sentence's end. What comes before a checkpoint may have gone in any order, as long as version 0
// is not there.
std::vector<std::string> holes(const delta::LogListing& log);

}  // namespace tarn::lake
