// `tarn check`: all that is wrong with a project, with file and line.

#include <fmt/format.h>

#include "capabilities.h"
#include "commands.h"
#include "offline.h"
#include "project_folder.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"
#include "tarn/project/check.h"

namespace tarn::cli {
namespace {

class Check final : public host::Command {
  public:
    void declare(host::Options& options) override {
        project_.declare(options, "Project folder, with tarn.yml");
    }
    Result<int> run(const host::Common& common) override {
        io::LocalFileSystem fs;
        auto wrong = project::check_project(fs, project_.folder(), all_sections());
        if (wrong.empty()) {
            TARN_TRY(wrong, wrong_models(common));
        }
        host::TableOutput out(common.format, {"message", "id"});
        for (const auto& error : wrong)
            out.row({error.message(), to_string(error.id())});
        out.print("Nothing is wrong.");
        return wrong.empty() ? host::kExitOk : host::kExitUsage;
    }

  private:
    // What is wrong with the SQL of a project whose files can be read.
    Result<std::vector<Error>> wrong_models(const host::Common& common) {
        TARN_TRY(auto project, project_.load());
        TARN_TRY(auto settings, host::load_settings(common.program.settings, {}, project.settings));
        TARN_TRY(auto stores,
                 OfflineStores::open_scratch(common.data, std::move(project), settings));
        return flow::check_models(stores->project(), stores->options(), stores->context());
    }

    ProjectFolder project_;
};

constexpr host::CommandRow kCommands[] = {
    {"check", "Says all that is wrong with a project, with file and line.",
     "tarn check --project shop", host::make_command<Check>},
};

}  // namespace

std::span<const host::CommandRow> check_commands() { return kCommands; }

}  // namespace tarn::cli
