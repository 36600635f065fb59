#include "tarn/host/disk_probe.h"

#include <algorithm>
#include <vector>

namespace tarn::host {

Result<SyncCost> probe_sync(io::FileSystem& fs, Clock& clock, const std::string& folder) {
    auto path = folder + "/.tarn-probe";
    TARN_TRY(auto file, fs.open(path, {io::OpenMode::kCreate, false}));
    std::string block(4096, 'x');
    std::vector<int64_t> us;
    Status status;
    for (int i = 0; i < 64 && status; ++i) {
        auto start = clock.monotonic_us();
        status = file->write_at(uint64_t(i) * block.size(), block);
        if (status) status = file->sync();
        us.push_back(clock.monotonic_us() - start);
    }
    auto removed = fs.remove(path);
    if (!status) return fail(std::move(status).error());
    if (!removed) return fail(std::move(removed).error());
    std::ranges::sort(us);
    return SyncCost{us[us.size() / 2], us[us.size() * 99 / 100]};
}

}  // namespace tarn::host
