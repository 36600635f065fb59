#pragma once

// What was done to a table, version by version.

#include <cstdint>
#include <functional>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/table.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

struct VersionInfo {
    int64_t version = 0;
    int64_t time_ms = 0;  // in-commit timestamp, else the commit's own word, else its file's time
    CommitInfo info;      // empty if the commit has none
    std::vector<SetTransaction> transactions;
};

// At most `limit` versions up to `newest`, that one first, as far back as the log goes. `actions`
// are the rest of the commit. Errors: kCorrupted, that of `each`.
using EachVersion = std::function<Status(VersionInfo&& version, std::vector<Action>&& actions)>;
Status read_history(io::FileSystem& fs, const Table& table, int64_t newest, int64_t limit,
                    const EachVersion& each);

}  // namespace tarn::delta
