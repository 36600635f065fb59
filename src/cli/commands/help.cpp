// Help that is made of the declarations: `tarn completion`, `tarn man`.

#include <fmt/format.h>

#include "command_docs.h"
#include "commands.h"

namespace tarn::cli {
namespace {

class Completion final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("shell", &shell_, "bash, zsh or fish")
            .required()
            .one_of({"bash", "zsh", "fish"});
    }
    Result<int> run(const host::Common&) override {
        TARN_TRY(auto script, completion_script(command_docs(), shell_));
        fmt::print("{}", script);
        return host::kExitOk;
    }

  private:
    std::string shell_;
};

class Man final : public host::Command {
  public:
    Result<int> run(const host::Common&) override {
        fmt::print("{}", man_page(command_docs()));
        return host::kExitOk;
    }
};

constexpr host::CommandRow kCommands[] = {
    {"completion", "Prints a script that makes a shell complete tarn's commands.",
     "source <(tarn completion bash)", host::make_command<Completion>,
     host::CommandRow::Kind::kPlain},
    {"man", "Prints the manual page.", "tarn man | man -l -", host::make_command<Man>,
     host::CommandRow::Kind::kPlain},
};

}  // namespace

std::span<const host::CommandRow> help_commands() { return kCommands; }

}  // namespace tarn::cli
