// `tarn group …`: consumer groups, asked of the process that serves the folder.

#include "commands.h"

#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"

namespace tarn::cli {
namespace {

Result<host::Api> api_of(const host::Common& common) {
    io::LocalFileSystem fs;
    return host::find_api(fs, common);
}

class List final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto answer, api.get("/api/v1/groups"));
        host::TableOutput out(common.format,
                              {"group", "state", "protocol", "members", "topics", "lag", "missed"});
        for (auto& g : answer["groups"]) {
            std::string topics;
            int64_t missed = 0;
            for (auto& t : g["topics"]) {
                topics += (topics.empty() ? "" : ", ") + t.value("name", "");
                missed += t.value("missed", int64_t(0));
            }
            out.row({g["name"], g["state"], g["protocol"], g["members"], topics, g["lag"], missed});
        }
        out.print(
            "There is no consumer group yet. One comes to be when a Kafka consumer joins or "
            "commits: kcat -G my-group -b ADDRESS clicks");
        return host::kExitOk;
    }
};

class Describe final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("group", &group_, "Name").required();
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto group, host::path_segment(group_));
        TARN_TRY(auto answer, api.get("/api/v1/groups/" + group));
        host::print_object(common.format, nlohmann::ordered_json(answer));
        return host::kExitOk;
    }

  private:
    std::string group_;
};

constexpr host::CommandRow kCommands[] = {
    {"group", "Consumer groups: who reads topics from outside.", "tarn group list"},
    {"group list", "Lists consumer groups with state, members and lag.", "tarn group list",
     host::make_command<List>},
    {"group describe", "Shows a group's members, and of each partition its offset and lag.",
     "tarn group describe my-app", host::make_command<Describe>},
};

}  // namespace

std::span<const host::CommandRow> group_commands() { return kCommands; }

}  // namespace tarn::cli
