// `tarn check`: all that is wrong with a project, with file and line.

#include <algorithm>
#include <iterator>
#include <optional>

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
        std::optional<project::Project> right;
        auto wrong = project::check_project(fs, project_.folder(), all_sections(), &right);
        if (right) {
            auto models = wrong_models(common, std::move(*right));
            if (!models && wrong.empty()) return fail(models.error());
            if (models) std::ranges::move(*models, std::back_inserter(wrong));
        }
        host::TableOutput out(common.format, {"message", "id"});
        for (const auto& error : wrong)
            out.row({cell(common.format, error.message()), to_string(error.id())});
        out.print("Nothing is wrong.");
        return wrong.empty() ? host::kExitOk : host::kExitUsage;
    }

  private:
    // A table has one line for each; the others draw where it is, which file and line say too.
    static std::string_view cell(host::Format format, std::string_view message) {
        return format == host::Format::kText ? message.substr(0, message.find('\n')) : message;
    }
    // What is wrong with the SQL of models that can be read.
    Result<std::vector<Error>> wrong_models(const host::Common& common, project::Project project) {
        TARN_TRY(auto settings, host::load_settings(common.program.settings, {}, project.settings));
        TARN_TRY(auto stores,
                 OfflineStores::open_scratch(common.data, std::move(project), settings));
        auto out = flow::check_models(stores->project(), stores->options(), stores->context());
        std::ranges::move(flow::check_care(stores->project(), stores->options(), stores->context()),
                          std::back_inserter(out));
        return out;
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
