#pragma once

#include <cstdint>
#include <string>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/host/common.h"

namespace tarn::demo {

struct TraceOptions {
    std::string id;  // or a place
    std::string topic;
    int32_t partition = 0;
    int64_t offset = -1;
    Duration timeout = Duration::seconds(10);  // for what has not arrived yet
};
// Asks the server of the data folder, or the demo that runs where none was named.
Result<int> run_trace(const host::Common& common, const TraceOptions& options);

}  // namespace tarn::demo
