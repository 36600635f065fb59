#include <fmt/format.h>

#include "capabilities.h"
#include "doctor_checks.h"
#include "tarn/host/environment.h"
#include "tarn/project/project.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

// The project and, over it, the settings, which other checks need.
void examine(DoctorWorld& world, Findings& findings) {
    Settings::Values file;
    std::string found = "no project";
    if (world.project_given || world.fs.exists(world.project + "/tarn.yml")) {
        auto project = project::load_project(world.fs, world.project, all_sections());
        if (!project) return findings.broken(project.error());
        file = project->settings;
        found = fmt::format("project {} with {} topics", project->name, project->topics.size());
    }
    auto settings = host::load_settings(world.program.settings, world.flags, file);
    if (!settings) return findings.under("settings").broken(settings.error());
    world.settings = std::move(*settings);
    findings.ok(found);
}

constexpr host::DoctorCheck kChecks[] = {
    {"project", examine},
};

}  // namespace

std::span<const host::DoctorCheck> project_checks() { return kChecks; }

}  // namespace tarn::cli
