#include "process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace tarn::server {

ProcessUsage process_usage() {
    ProcessUsage out;
    if (FILE* file = std::fopen("/proc/self/statm", "re")) {
        long long total = 0, resident = 0;
        if (std::fscanf(file, "%lld %lld", &total, &resident) == 2)
            out.rss_bytes = resident * sysconf(_SC_PAGESIZE);
        std::fclose(file);
    }
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out.cpu_seconds = double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                          double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return out;
}

}  // namespace tarn::server
