#pragma once

// Checkpoints are Parquet files, and this module has no engine: whoever has one fills this in
// (module `sql`).

#include <functional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn::delta {

// Thread-safe.
class CheckpointIo {
  public:
    virtual ~CheckpointIo() = default;
    // Calls `each` with every row's action as the JSON line it would be in a commit file, batch by
    // batch (several lines a call). Structs of statistics stand in add.stats_parsed. Errors:
    // kCorrupted, kNotFound.
    virtual Status read(const std::string& path,
                        const std::function<Status(std::string_view lines)>& each) = 0;
    // Writes the actions (JSON lines, as in a commit file) in the checkpoint schema to `path`, and
    // syncs the file. Returns its size.
    virtual Result<uint64_t> write(const std::string& path, std::string_view lines) = 0;
};

}  // namespace tarn::delta
