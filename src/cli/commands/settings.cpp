// `tarn settings …`: what is set, and where it comes from.

#include "commands.h"
#include "project_folder.h"
#include "tarn/host/command.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"

namespace tarn::cli {
namespace {

class List final : public host::Command {
  public:
    void declare(host::Options& options) override { project_.declare(options, "Project folder"); }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto project, project_.load());
        TARN_TRY(auto settings, host::load_settings(common.program.settings, {}, project.settings));
        host::warn_of_unknown_variables(settings);
        host::TableOutput out(common.format, {"name", "value", "source", "default", "text"});
        for (auto& d : settings.declarations())
            out.row({std::string(d.name), settings.shown(d.name),
                     std::string(to_string(settings.source(d.name))), std::string(d.default_value),
                     std::string(d.text)});
        out.print();
        return host::kExitOk;
    }

  private:
    ProjectFolder project_;
};

constexpr host::CommandRow kCommands[] = {
    {"settings", "Settings: flag > TARN_* environment > tarn.yml > default.", "tarn settings list"},
    {"settings list", "Lists all settings with value and source.", "tarn settings list",
     host::make_command<List>},
};

}  // namespace

std::span<const host::CommandRow> settings_commands() { return kCommands; }

}  // namespace tarn::cli
