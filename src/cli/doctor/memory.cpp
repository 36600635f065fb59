#include <algorithm>

#include <fmt/format.h>

#include "doctor_checks.h"
#include "tarn/base/base_settings.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

constexpr int64_t kMiB = 1 << 20;

void examine(DoctorWorld& world, Findings& findings) {
    const auto& machine = world.machine;
    auto limit = memory_setting(*world.settings, "memory.limit", machine.memory_bytes);
    auto found =
        fmt::format("{} of {} available, memory.limit is {}", format_bytes(machine.available_bytes),
                    format_bytes(machine.memory_bytes), format_bytes(limit));
    auto fits = std::max<int64_t>(machine.available_bytes * 3 / 4 / kMiB, 256);
    if (limit > machine.memory_bytes)
        return findings.warn(found + ": more than there is",
                             fmt::format("Give it less: --memory {}MiB.", fits));
    if (limit > machine.available_bytes && !world.serving)
        return findings.warn(found + ": other programs have the rest",
                             fmt::format("End some, or give it less: --memory {}MiB.", fits));
    findings.ok(found);
}

constexpr host::DoctorCheck kChecks[] = {
    {"memory", examine, true},
};

}  // namespace

std::span<const host::DoctorCheck> memory_checks() { return kChecks; }

}  // namespace tarn::cli
