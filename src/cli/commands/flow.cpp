// `tarn flow …`: asked of the process that serves the folder, which alone knows how its flows are;
// one is forgotten without it too.

#include "commands.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "drop.h"
#include "tarn/flow/error_ids.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/io/data_folder.h"

namespace tarn::cli {
namespace {

Result<host::Api> api_of(const host::Common& common) {
    io::LocalFileSystem fs;
    return host::find_api(fs, common);
}

// The flow that a verb is about.
class OfFlow : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("flow", &flow_, "Name").required();
    }

  protected:
    std::string flow_;
};

class List final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto answer, api.get("/api/v1/flows"));
        host::TableOutput out(
            common.format, {"flow", "state", "source", "sinks", "batch_id", "lag", "rows_in",
                            "late", "dead_letters", "quarantined", "p50_ms", "p99_ms", "reason"});
        for (auto& f : answer["flows"]) {
            std::string sinks;
            for (auto& s : f["sinks"])
                sinks += (sinks.empty() ? "" : ", ") + s.value("name", "");
            const bool says = !f.value("reason", "").empty();
            out.row({f["name"], f["state"], f["source"], sinks, f["batch_id"], f["lag"],
                     f["rows_in"], f["late"], f["dead_letters"], f["quarantined"],
                     f["latency_p50_ms"], f["latency_p99_ms"],
                     says ? f["reason"] : f["memory"]["text"]});
        }
        out.print(
            "There is no flow yet. A topic with `table:` in tarn.yml, or a model under models/, "
            "makes "
            "one.");
        return host::kExitOk;
    }
};

class Describe final : public OfFlow {
  public:
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto flow, host::path_segment(flow_));
        TARN_TRY(auto answer, api.get("/api/v1/flows/" + flow));
        host::print_object(common.format, nlohmann::ordered_json(answer));
        return host::kExitOk;
    }
};

// What can be said of a flow while nothing runs: its state folder shows that there is one.
Result<nlohmann::json> why_without_process(const host::Common& common, const std::string& flow) {
    io::LocalFileSystem fs;
    TARN_RETURN_IF_ERROR(io::DataFolder::check_format(fs, common.data));
    std::vector<std::string> known;
    if (auto files = fs.list(common.data + "/state"))
        for (auto& file : *files)
            known.push_back(file.name);
    if (std::ranges::find(known, flow) != known.end())
        return nlohmann::json{
            {"advancing", false},
            {"sentence", fmt::format("{} does not advance because no Tarn is running on data "
                                     "folder {}.",
                                     flow, common.data)},
            {"todo", fmt::format("Start it: tarn up --data {}", common.data)}};
    auto near = nearest(flow, known);
    return fail(errors::kNoFlow,
                fmt::format("no Tarn is running on data folder {}, and no flow {} has run on it{}",
                            common.data, flow, near ? "; did you mean " + *near + "?" : ""));
}

// One sentence: why the flow does or does not advance, and what to do.
class Why final : public OfFlow {
  public:
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto flow, host::path_segment(flow_));
        auto api = api_of(common);
        auto why =
            api ? api->get("/api/v1/flows/" + flow + "/why") : why_without_process(common, flow_);
        if (!why) return fail(why.error());
        if (common.format != host::Format::kText) {
            host::print_object(common.format, nlohmann::ordered_json(*why));
            return host::kExitOk;
        }
        auto todo = why->value("todo", "");
        fmt::print("{}{}{}\n", why->value("sentence", ""), todo.empty() ? "" : " ", todo);
        return host::kExitOk;
    }
};

// Pauses or resumes it.
class Set : public OfFlow {
    static constexpr auto kPoll = std::chrono::milliseconds(50);
    static constexpr int kPolls = 200;  // 10 s; a longer batch under way is left alone

  public:
    explicit Set(std::string_view verb) : verb_(verb) {}
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto flow, host::path_segment(flow_));
        TARN_TRY(auto answer, api.post(fmt::format("/api/v1/flows/{}/{}", flow, verb_),
                                       nlohmann::json::object()));
        TARN_RETURN_IF_ERROR(wait_for_state(api, flow, answer));
        host::print_object(common.format, {{"flow", answer["name"]}, {"state", answer["state"]}});
        return host::kExitOk;
    }

  private:
    // The answer becomes that of the state which is reached: a batch under way ends first.
    Status wait_for_state(const host::Api& api, const std::string& flow,
                          nlohmann::json& answer) const {
        const bool pauses = verb_ == "pause";
        for (int i = 0; i < kPolls; ++i) {
            const auto state = answer.value("state", "");
            if (state == "failed" || (state == "paused") == pauses) break;
            std::this_thread::sleep_for(kPoll);
            TARN_TRY(answer, api.get("/api/v1/flows/" + flow));
        }
        return {};
    }

    std::string_view verb_;
};

// Builds what it writes anew.
class Rebuild final : public OfFlow {
  public:
    void declare(host::Options& options) override {
        OfFlow::declare(options);
        options.add("--from-retained", &from_retained_,
                    "Takes what the log has, where records that were read are gone");
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto api, api_of(common));
        TARN_TRY(auto name, host::path_segment(flow_));
        TARN_TRY(auto answer, api.post(fmt::format("/api/v1/flows/{}/rebuild{}", name,
                                                   from_retained_ ? "?from_retained=true" : ""),
                                       nlohmann::json::object()));
        host::TableOutput out(common.format, {"flow", "state"});
        for (auto& flow : answer["flows"])
            out.row({flow, "rebuilding"});
        out.print();
        return host::kExitOk;
    }

  private:
    bool from_retained_ = false;
};

// Forgets one that the project has no longer.
class Drop final : public OfFlow {
  public:
    void declare(host::Options& options) override {
        OfFlow::declare(options);
        options.add("--yes", &yes_, "Does it");
        project_.declare(options,
                         "Project folder, with tarn.yml: which flows it has, while no Tarn runs");
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(auto name, host::path_segment(flow_));
        if (!yes_) {
            fmt::print(stderr,
                       "Flow {} would be forgotten: its journal and what it holds of the log. What "
                       "it wrote stays. --yes does it.\n",
                       flow_);
            return host::kExitUsage;
        }
        if (auto api = api_of(common)) {
            TARN_RETURN_IF_ERROR(
                api->post("/api/v1/flows/" + name + "/drop", nlohmann::json::object()));
        } else {
            TARN_TRY(auto stores, stores_for_drop(common, project_));
            TARN_RETURN_IF_ERROR(
                flow::drop_flow(flow_, stores->project(), stores->options(), stores->context()));
        }
        host::print_object(common.format, {{"flow", flow_}, {"state", "dropped"}});
        return host::kExitOk;
    }

  private:
    ProjectFolder project_;
    bool yes_ = false;
};

struct Pause final : Set {
    Pause() : Set("pause") {}
};
struct Resume final : Set {
    Resume() : Set("resume") {}
};

constexpr host::CommandRow kCommands[] = {
    {"flow", "Flows from topics to tables and views.", "tarn flow list"},
    {"flow list", "Lists flows with state, batch id and lag.", "tarn flow list",
     host::make_command<List>},
    {"flow describe", "Shows a flow's positions, watermark and counts.",
     "tarn flow describe live.clicks_windows", host::make_command<Describe>},
    {"flow why", "Says in one sentence why a flow does or does not advance.",
     "tarn flow why live.clicks_windows", host::make_command<Why>},
    {"flow pause",
     "Stops a flow after its batch under way, until it is resumed; a restart does not resume it.",
     "tarn flow pause live.clicks_windows", host::make_command<Pause>},
    {"flow resume", "Runs a paused flow again, or retries a failed one.",
     "tarn flow resume live.clicks_windows", host::make_command<Resume>},
    {"flow rebuild",
     "Builds what a flow writes anew from its source, beside what stands, and what reads that.",
     "tarn flow rebuild silver.clicks", host::make_command<Rebuild>},
    {"flow drop", "Forgets a flow that the project has no longer; what it wrote stays.",
     "tarn flow drop silver.clicks --yes", host::make_command<Drop>},
};

}  // namespace

std::span<const host::CommandRow> flow_commands() { return kCommands; }

}  // namespace tarn::cli
