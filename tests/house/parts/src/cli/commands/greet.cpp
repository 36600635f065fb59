// `tarn greet`: a noun of its own.

#include <fmt/format.h>

#include "commands.h"
#include "tarn/host/output.h"

namespace tarn::cli {
namespace {

class Greet final : public host::Command {
  public:
    void declare(host::Options&) override {}
    Result<int> run(const host::Common&) override {
        fmt::print("a made-up command\n");
        return host::kExitOk;
    }
};

constexpr host::CommandRow kCommands[] = {
    {"greet", "Says what it is.", "tarn greet", host::make_command<Greet>},
};

}  // namespace

std::span<const host::CommandRow> greet_commands() { return kCommands; }

}  // namespace tarn::cli
