#include <filesystem>

#include <fmt/format.h>

#include "doctor_checks.h"
#include "tarn/host/disk_probe.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kNeeded = 512 * kMiB;    // a few segments: less and the first minutes fail
constexpr int64_t kComfort = 4096 * kMiB;  // less is soon full under load
constexpr int64_t kSlowSyncUs = 50'000;    // a sync at p99 past which acknowledgements are slow

// The data folder itself, or the nearest above it that is there.
std::string folder_of(const DoctorWorld& world) {
    std::error_code error;
    auto path = std::filesystem::absolute(world.data, error);
    while (!std::filesystem::is_directory(path, error) && path.has_parent_path() &&
           path != path.parent_path())
        path = path.parent_path();
    return path.string();
}

void space(DoctorWorld& world, Findings& findings) {
    auto folder = folder_of(world), kind = host::file_system_of(folder);
    auto free = world.fs.free_bytes(folder);
    if (!free) return findings.broken(free.error());
    auto found = fmt::format("{} free at {} ({})", format_bytes(int64_t(*free)), folder, kind);
    constexpr auto kTodo = "Free some, or put the data elsewhere with --data.";
    if (int64_t(*free) < kNeeded) return findings.broken(found, kTodo);
    if (int64_t(*free) < kComfort)
        return findings.warn(found, std::string(kTodo) + " log.disk_limit bounds the log.");
    if (kind == "nfs" || kind == "cifs" || kind == "9p")
        return findings.warn(found + ": a network's locks and syncs may not hold",
                             "Use a local disk for --data.");
    findings.ok(found);
}

void speed(DoctorWorld& world, Findings& findings) {
    auto folder = folder_of(world);
    if (!world.fs.free_bytes(folder)) return;  // the check of its space has said so
    auto cost = host::probe_sync(world.fs, world.clock, folder);
    if (!cost) return findings.broken(cost.error());
    auto found = fmt::format("a write with sync takes {:.1f} ms, at p99 {:.1f} ms",
                             double(cost->p50_us) / 1000, double(cost->p99_us) / 1000);
    if (cost->p99_us > kSlowSyncUs)
        return findings.warn(
            found,
            "Producers wait so long for each acknowledgement. Use a faster disk for --data, or see "
            "what else writes to it.");
    findings.ok(found);
}

constexpr host::DoctorCheck kChecks[] = {
    {"disk space", space},
    {"disk speed", speed},
};

}  // namespace

std::span<const host::DoctorCheck> disk_checks() { return kChecks; }

}  // namespace tarn::cli
