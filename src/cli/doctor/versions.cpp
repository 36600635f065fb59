#include <fmt/format.h>

#include "doctor_checks.h"
#include "tarn/base/version.h"
#include "tarn/io/data_folder.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

void examine(DoctorWorld& world, Findings& findings) {
    const auto& machine = world.machine;
    const auto& serving = world.serving;
    auto found = fmt::format("tarn {}, data format {}, {}, {} {}", version(), io::kFormatVersion,
                             machine.kernel, machine.cores, machine.cores == 1 ? "core" : "cores");
    auto status = serving ? host::Api(*serving, world.program.errors).get("/api/v1/status")
                          : Result<nlohmann::json>(nlohmann::json());
    if (!status)
        return findings.warn(found + "; the running process does not answer",
                             fmt::format("Look at the log of process {}.", serving->pid));
    auto running = status->is_object() ? status->value("version", "") : "";
    if (!running.empty() && running != version())
        return findings.warn(fmt::format("{}; the running process is {}", found, running),
                             "Restart it, or use the program it runs.");
    findings.ok(found);
}

constexpr host::DoctorCheck kChecks[] = {
    {"versions", examine},
};

}  // namespace

std::span<const host::DoctorCheck> versions_checks() { return kChecks; }

}  // namespace tarn::cli
