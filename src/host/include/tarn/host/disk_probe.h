#pragma once

#include <cstdint>
#include <string>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/io/file_system.h"

namespace tarn::host {

// What a 4 KB write with a sync costs on this disk, now, over 64 tries.
struct SyncCost {
    int64_t p50_us = 0, p99_us = 0;
};
// Writes a file of the name `.tarn-probe` into the folder and removes it.
Result<SyncCost> probe_sync(io::FileSystem& fs, Clock& clock, const std::string& folder);

}  // namespace tarn::host
