// `tarn docs …`: the pages that are made from declarations, for `make docs`.

#include <fmt/format.h>

#include "capabilities.h"
#include "commands.h"
#include "project_pages.h"
#include "reference.h"

namespace tarn::cli {
namespace {

class Errors final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("--out", &out_, "Folder").required();
    }
    Result<int> run(const host::Common&) override {
        TARN_RETURN_IF_ERROR(write_error_pages(out_));
        return host::kExitOk;
    }

  private:
    std::string out_;
};

class Reference final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("--project", &project_, "Project whose flows have metrics").required();
        options.add("--out", &out_, "Folder").required();
    }
    Result<int> run(const host::Common&) override {
        TARN_RETURN_IF_ERROR(write_reference(project_, out_));
        return host::kExitOk;
    }

  private:
    std::string project_, out_;
};

// For editors, on standard output.
class Schema final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        fmt::print("{}", project_schema(all_sections(), common.program.settings));
        return host::kExitOk;
    }
};

constexpr auto kHidden = host::CommandRow::Kind::kHidden;

constexpr host::CommandRow kCommands[] = {
    {"docs", "Writes the pages that are made from declarations.",
     "tarn docs errors --out docs/errors", nullptr, kHidden},
    {"docs errors", "Writes docs/errors.", "tarn docs errors --out docs/errors",
     host::make_command<Errors>, host::CommandRow::Kind::kPlain},
    {"docs reference", "Writes docs/reference.",
     "tarn docs reference --project scenarios/q01-clickstream --out docs/reference",
     host::make_command<Reference>, host::CommandRow::Kind::kPlain},
    {"docs schema", "Prints the JSON schema of tarn.yml, for editors.", "tarn docs schema",
     host::make_command<Schema>, host::CommandRow::Kind::kPlain},
};

}  // namespace

std::span<const host::CommandRow> docs_commands() { return kCommands; }

}  // namespace tarn::cli
