#include <filesystem>

#include <fmt/format.h>

#include "doctor_checks.h"
#include "tarn/io/data_folder.h"
#include "tarn/io/error_ids.h"

namespace tarn::cli {
namespace {

using host::DoctorWorld;
using host::Findings;

// Of a folder that Tarn did not make.
void examine_foreign(DoctorWorld& world, Findings& findings) {
    const auto& data = world.data;
    std::error_code error;
    if (std::filesystem::exists(data, error) && !std::filesystem::is_directory(data, error))
        return findings.broken(data + " is no folder", "Choose another one with --data.");
    auto entries = world.fs.list(data);
    if (entries && !entries->empty())
        return findings.warn(fmt::format("{} has files, but Tarn wrote none of them", data),
                             "Check --data: Tarn would put its own beside them.");
    findings.ok(fmt::format("{} is not there yet", data));
}

void examine(DoctorWorld& world, Findings& findings) {
    const auto& data = world.data;
    auto format = io::DataFolder::check_format(world.fs, data);
    if (!format && format.error().id() == errors::kNotADataFolder)
        return examine_foreign(world, findings);
    if (!format) return findings.broken(format.error());
    if (const auto& serving = world.serving)
        return findings.ok(fmt::format("{}, served by process {}: Kafka on {}, page on http://{}/",
                                       data, serving->pid, serving->kafka, serving->http));
    if (auto holder = host::lock_holder(data))
        return findings.warn(
            fmt::format("{} is held by process {}, which is not serving (yet)", data, *holder),
            "Wait until it is ready, or end it.");
    findings.ok(fmt::format("{}, free", data));
}

constexpr host::DoctorCheck kChecks[] = {
    {"data folder", examine},
};

}  // namespace

std::span<const host::DoctorCheck> data_folder_checks() { return kChecks; }

}  // namespace tarn::cli
