#pragma once

// Checkpoints are Parquet files, and this module has no engine: whoever has one fills this in
// (module `sql`).

#include <functional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn::delta {

// Which actions a file of a checkpoint has columns for (PROTOCOL.md "Checkpoint Schema").
enum class CheckpointColumns {
    kClassic,   // all that a V1 checkpoint may hold
    kTop,       // those, and what a V2 checkpoint alone holds: its metadata and sidecars
    kFiles,     // of a sidecar: add and remove
    kSidecars,  // to read: the sidecars that a checkpoint names
};

// Thread-safe.
class CheckpointIo {
  public:
    virtual ~CheckpointIo() = default;
    // Calls `each` with every row's action as the JSON line it would be in a commit file, batch by
    // batch (several lines a call); of columns that are not asked for, which other writers may have
    // put there, none. Structs of statistics stand in add.stats_parsed. Errors: kCorrupted,
    // kNotFound.
    virtual Status read(const std::string& path, CheckpointColumns columns,
                        const std::function<Status(std::string_view lines)>& each) = 0;
    // Writes the actions (JSON lines, as in a commit file) in the checkpoint schema to `path`, and
    // syncs the file. Returns its size.
    virtual Result<uint64_t> write(const std::string& path, CheckpointColumns columns,
                                   std::string_view lines) = 0;
};

}  // namespace tarn::delta
