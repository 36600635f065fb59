// `tarn explain`: what an error's id means.

#include <fmt/format.h>

#include "commands.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/server/error_ids.h"

namespace tarn::cli {
namespace {

class Explain final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("id", &id_, "Id, as in the last line of a failed command").required();
    }
    Result<int> run(const host::Common& common) override;

  private:
    std::string id_;
};

Result<int> Explain::run(const host::Common& common) {
    const auto* found = common.program.errors.find(id_);
    if (!found) {
        std::vector<std::string> known;
        for (const auto* known_id : common.program.errors.all())
            known.push_back(to_string(*known_id));
        auto near = nearest(id_, known);
        return fail(errors::kUnknownErrorId,
                    fmt::format("there is no error {}{}", id_,
                                near ? "; did you mean " + *near + "?" : ""));
    }
    const auto& e = *found;
    if (common.format != host::Format::kText) {
        host::print_object(common.format, {{"id", to_string(e)},
                                           {"code", to_string(e.code)},
                                           {"title", e.title},
                                           {"cause", e.cause},
                                           {"todo", e.todo}});
        return host::kExitOk;
    }
    fmt::print("{}: {}\n\n{}\n\nWhat to do: {}\n", to_string(e), e.title, e.cause, e.todo);
    return host::kExitOk;
}

constexpr host::CommandRow kCommands[] = {
    {"explain", "Says what the id of an error means and what to do about it.",
     "tarn explain TARN-E0201", host::make_command<Explain>},
};

}  // namespace

std::span<const host::CommandRow> explain_commands() { return kCommands; }

}  // namespace tarn::cli
