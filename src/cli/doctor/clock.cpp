#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "doctor_checks.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

constexpr Timestamp kTarnIsYounger{1'735'689'600'000'000};  // 2025-01-01
constexpr int64_t kAheadSeconds = 60;

void examine(DoctorWorld& world, Findings& findings) {
    constexpr auto kTodo = "Set it: records get its time, and retention goes by it.";
    auto now = world.clock.now();
    std::error_code error;
    auto written = std::filesystem::last_write_time(world.data + "/START", error);
    if (!error) {
        auto ahead = std::chrono::duration_cast<std::chrono::seconds>(
                         written - std::filesystem::file_time_type::clock::now())
                         .count();
        if (ahead > kAheadSeconds)
            return findings.broken(
                fmt::format("it shows {}, but the data folder was used {} s after that",
                            format_rfc3339(now), ahead),
                kTodo);
    }
    if (now < kTarnIsYounger)
        return findings.broken(fmt::format("it shows {}", format_rfc3339(now)), kTodo);
    findings.ok(format_rfc3339(now));
}

constexpr host::DoctorCheck kChecks[] = {
    {"clock", examine},
};

}  // namespace

std::span<const host::DoctorCheck> clock_checks() { return kChecks; }

}  // namespace tarn::cli
