#pragma once

#include <cstdint>
#include <optional>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/host/common.h"

namespace tarn::demo {

struct DemoOptions {
    std::optional<Duration> run_for;  // none: until Ctrl-C
    int64_t rate = 2'000;             // clicks a second
    uint64_t seed = 1;
    bool browser = true;
    Settings::Values flags;
};
// Without a data folder that was named it makes one, which is removed at the end.
Result<int> run_demo(const host::Common& common, const DemoOptions& options);

}  // namespace tarn::demo
