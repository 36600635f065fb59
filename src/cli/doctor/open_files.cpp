#include <fmt/format.h>

#include "doctor_checks.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

constexpr uint64_t kNeeded = 256, kComfort = 4096;

void examine(DoctorWorld& world, Findings& findings) {
    auto limit = world.machine.open_files;
    auto found = fmt::format("at most {} open", limit);
    constexpr auto kTodo = "Raise it: ulimit -n 65536, or LimitNOFILE= of the service.";
    if (limit < kNeeded) return findings.broken(found, kTodo);
    if (limit < kComfort) return findings.warn(found, kTodo);
    findings.ok(found);
}

constexpr host::DoctorCheck kChecks[] = {
    {"open files", examine},
};

}  // namespace

std::span<const host::DoctorCheck> open_files_checks() { return kChecks; }

}  // namespace tarn::cli
