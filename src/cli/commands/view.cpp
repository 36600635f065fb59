// `tarn view …`: live keyed state.

#include "commands.h"
#include "drop.h"
#include "tarn/flow/node.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/io/file_system.h"

namespace tarn::cli {
namespace {

class List final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        io::LocalFileSystem fs;
        TARN_TRY(auto api, host::find_api(fs, common));
        TARN_TRY(auto answer, api.get("/api/v1/views"));
        host::TableOutput out(common.format, {"view", "rows", "batch_id", "committed"});
        for (auto& view : answer["views"])
            out.row({view["name"], view["rows"], view["batch_id"], view["committed"]});
        out.print("There is no view yet. A model with materialized='materialized_view' makes one.");
        return host::kExitOk;
    }
};

struct Drop final : DropOutput {
    Drop() : DropOutput(flow::kViewKind) {}
};

constexpr host::CommandRow kCommands[] = {
    {"view", "Materialized views.", "tarn view list"},
    {"view list", "Lists views with their rows and batch id.", "tarn view list",
     host::make_command<List>},
    {"view drop", "Removes a view that no flow of the project writes.",
     "tarn view drop live.clicks_windows --yes", host::make_command<Drop>},
};

}  // namespace

std::span<const host::CommandRow> view_commands() { return kCommands; }

}  // namespace tarn::cli
