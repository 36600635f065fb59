// `tarn doctor`: the checks of src/cli/doctor, one after another.

#include <algorithm>

#include <fmt/format.h>

#include "commands.h"
#include "doctor_checks.h"
#include "project_folder.h"
#include "tarn/host/output.h"
#include "tarn/host/setting_flags.h"

namespace tarn::cli {
namespace {

using host::Finding;
using Level = host::Finding::Level;

std::vector<Finding> examine(host::DoctorWorld& world) {
    std::vector<Finding> found;
    for (const auto& check : all_doctor_checks()) {
        if (check.needs_settings && !world.settings) continue;
        host::Findings findings{std::string(check.name), found};
        check.examine(world, findings);
    }
    return found;
}

void print_text(const std::vector<Finding>& findings, bool quiet) {
    size_t width = 0;
    for (auto& f : findings)
        width = std::max(width, f.check.size());
    for (auto& f : findings) {
        if (quiet && f.level == Level::kOk) continue;
        fmt::print("{:<5} {:<{}}  {}\n", to_string(f.level), f.check, width, f.found);
        if (!f.todo.empty()) fmt::print("{:<{}}  {}\n", "", width + 6, f.todo);
    }
}

class Doctor final : public host::Command {
  public:
    void declare(host::Options& options) override {
        project_.declare(options, "Project folder, with tarn.yml");
        options.add("--quiet", &quiet_, "One line if all is well, else what is not");
        flags_.declare(options);
    }
    Result<int> run(const host::Common& common) override;

  private:
    ProjectFolder project_;
    bool quiet_ = false;
    host::SettingFlags flags_;
};

Result<int> Doctor::run(const host::Common& common) {
    TARN_TRY(auto flags, flags_.values());
    io::LocalFileSystem fs;
    SystemClock clock;
    auto serving = host::find_serving(fs, common.data);
    host::DoctorWorld world{common.program,
                            fs,
                            clock,
                            host::this_machine(),
                            common.data,
                            serving ? std::optional(*serving) : std::nullopt,
                            project_.folder(),
                            project_.given(),
                            std::move(flags),
                            {}};
    auto findings = examine(world);
    auto count = [&](Level level) { return std::ranges::count(findings, level, &Finding::level); };
    auto failed = count(Level::kFail), warned = count(Level::kWarn);
    if (common.format == host::Format::kText) {
        print_text(findings, quiet_);
        fmt::print("doctor: {} checks, {}\n", findings.size(),
                   failed + warned == 0 ? "all well"
                                        : fmt::format("{} to mend, {} to know", failed, warned));
    } else {
        host::TableOutput out(common.format, {"check", "state", "found", "todo"});
        for (auto& f : findings)
            if (!quiet_ || f.level != Level::kOk)
                out.row({f.check, std::string(to_string(f.level)), f.found, f.todo});
        out.print();
    }
    return failed > 0 ? host::kExitFailed : host::kExitOk;
}

constexpr host::CommandRow kCommands[] = {
    {"doctor", "Checks what Tarn needs of this machine: what is wrong and what to do.",
     "tarn doctor --data shop-data", host::make_command<Doctor>},
};

}  // namespace

std::span<const host::CommandRow> doctor_commands() { return kCommands; }

}  // namespace tarn::cli
