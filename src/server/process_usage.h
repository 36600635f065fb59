#pragma once

// What this process takes of the machine, as the kernel says.

#include <cstdint>
#include <optional>

namespace tarn::server {

struct ProcessUsage {
    std::optional<int64_t> rss_bytes;
    std::optional<double> cpu_seconds;  // user and system
};
ProcessUsage process_usage();

}  // namespace tarn::server
