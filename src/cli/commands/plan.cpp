// `tarn plan` and `tarn apply`: what a changed project means for the flows that stand, and doing
// it.

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.h"
#include "offline.h"
#include "project_folder.h"
#include "tarn/host/change_json.h"
#include "tarn/host/command.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"

namespace tarn::cli {
namespace {

using Json = nlohmann::json;

// The plan of the process that serves the folder, else one made here, and what carries it out.
class Planner {
  public:
    Status open(const host::Common& common, const ProjectFolder& project) {
        io::LocalFileSystem fs;
        if (auto api = host::find_api(fs, common)) {
            TARN_RETURN_IF_ERROR(check_served(*api, project));
            api_.emplace(std::move(*api));
            TARN_TRY(plan_, api_->get("/api/v1/plan"));
            return {};
        }
        TARN_TRY(auto loaded, project.load());
        TARN_TRY(auto settings, host::load_settings(common.program.settings, {}, loaded.settings));
        // To plan makes no data folder.
        TARN_TRY(stores_,
                 fs.exists(common.data)
                     ? OfflineStores::open(common.data, std::move(loaded), settings)
                     : OfflineStores::open_scratch(common.data, std::move(loaded), settings));
        TARN_TRY(auto changes,
                 flow::plan_changes(stores_->project(), stores_->options(), stores_->context()));
        plan_ = Json::parse(host::changes_json(changes));
        return {};
    }
    // Takes up what needs no rebuild, where a process serves the folder; else that is done when
    // Tarn starts.
    Status reload() {
        if (api_) TARN_RETURN_IF_ERROR(api_->post("/api/v1/reload", Json::object()));
        return {};
    }
    const Json& plan() const { return plan_; }
    bool serves() const { return api_.has_value(); }

    // Gives the flows.
    Result<std::vector<std::string>> rebuild(const std::vector<std::string>& flows,
                                             bool from_retained) {
        if (!api_)
            return flow::order_rebuilds(stores_->project(), flows, from_retained,
                                        stores_->options(), stores_->context());
        std::vector<std::string> out;
        for (const auto& flow : flows) {
            if (std::ranges::find(out, flow) != out.end()) continue;  // with one before
            TARN_TRY(auto name, host::path_segment(flow));
            TARN_TRY(auto answer,
                     api_->post(fmt::format("/api/v1/flows/{}/rebuild{}", name,
                                            from_retained ? "?from_retained=true" : ""),
                                Json::object()));
            for (const auto& one : answer["flows"])
                out.push_back(one);
        }
        return out;
    }

  private:
    // The process plans the project that it serves, and no other.
    static Status check_served(const host::Api& api, const ProjectFolder& project) {
        const auto& served = api.serving().project;
        if (!project.given() || ProjectFolder::canonical(project.folder()) == served) return {};
        return fail(ErrorCode::kFailedPrecondition,
                    fmt::format("a Tarn runs on the data folder and serves {}, not {}. Name that, "
                                "or stop it first",
                                served.empty() ? "no project" : served, project.folder()));
    }

    std::optional<host::Api> api_;
    std::unique_ptr<OfflineStores> stores_;
    Json plan_;
};

// "1 s", "12 min", "3 h".
std::string time_words(double seconds) {
    if (seconds < 90) return fmt::format("{:.0f} s", std::max(1.0, seconds));
    if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.0f} h", seconds / 3600);
}

std::string words(const Json& change) {
    std::string out;
    for (const auto& one : change["changes"])
        out += (out.empty() ? "" : "; ") + one["what"].get<std::string>();
    if (const auto& replay = change["replay"]; !replay.is_null()) {
        out += fmt::format("{}reads {} {}s again: {}", out.empty() ? "" : "; ",
                           replay["units"].get<int64_t>(), replay["unit"].get<std::string>(),
                           replay["from"].get<std::string>());
        if (const auto& seconds = replay["seconds"]; !seconds.is_null())
            out += fmt::format(", in about {} at {:.0f} {}s a second, as measured",
                               time_words(seconds.get<double>()),
                               replay["units_per_second"].get<double>(),
                               replay["unit"].get<std::string>());
        if (const std::string gone = replay["gone"]; !gone.empty())
            out += fmt::format("; {} are no longer there", gone);
    }
    return out;
}

void print(host::Format format, const Json& plan) {
    if (format == host::Format::kJson) {
        host::print_object(format, nlohmann::ordered_json(plan));
        return;
    }
    host::TableOutput out(format, {"flow", "effect", "what"});
    for (const auto& change : plan["flows"])
        out.row({change["flow"], change["effect"], words(change)});
    out.print("The project has no flow.");
}

class Plan final : public host::Command {
  public:
    void declare(host::Options& options) override {
        project_.declare(options, "Project folder, with tarn.yml");
    }
    Result<int> run(const host::Common& common) override {
        Planner planner;
        TARN_RETURN_IF_ERROR(planner.open(common, project_));
        print(common.format, planner.plan());
        return host::kExitOk;
    }

  private:
    ProjectFolder project_;
};

class Apply final : public host::Command {
  public:
    void declare(host::Options& options) override {
        project_.declare(options, "Project folder, with tarn.yml");
        options.add("--yes", &yes_, "Does not ask");
        options.add("--from-retained", &from_retained_,
                    "Builds from what the log has, where records are gone");
    }
    Result<int> run(const host::Common& common) override {
        Planner planner;
        TARN_RETURN_IF_ERROR(planner.open(common, project_));
        print(common.format, planner.plan());
        std::vector<std::string> flows, rewritten;
        for (const auto& change : planner.plan()["flows"]) {
            if (change["effect"].get<std::string>() == flow::to_string(flow::Effect::kRebuild))
                flows.push_back(change["flow"]);
            else if (planner.serves() && rewrites(change))
                rewritten.push_back(change["flow"]);
        }
        if (!yes_ && (!flows.empty() || !rewritten.empty()) && !confirmed(flows, rewritten))
            return host::kExitUsage;
        if (flows.empty()) {
            TARN_RETURN_IF_ERROR(planner.reload());
            fmt::print(stderr, "Nothing is to be built anew.{}\n",
                       planner.serves() ? " The flows run as the project is now."
                                        : " What goes on does so when Tarn starts.");
            return host::kExitOk;
        }
        TARN_TRY(auto ordered, planner.rebuild(flows, from_retained_));
        fmt::print(stderr, "{}: {}\n",
                   planner.serves() ? "Built anew from now on"
                                    : "Ordered; they are built anew when Tarn starts",
                   fmt::join(ordered, ", "));
        return host::kExitOk;
    }

  private:
    static bool rewrites(const Json& change) {
        return std::ranges::any_of(change["changes"],
                                   [](const Json& one) { return one["rewrites"].get<bool>(); });
    }
    static bool confirmed(const std::vector<std::string>& flows,
                          const std::vector<std::string>& rewritten) {
        if (!rewritten.empty())
            fmt::print(stderr, "Write the files of the table of {} anew{} ",
                       fmt::join(rewritten, ", "),
                       flows.empty() ? ", in one commit? [y/N]" : ", in one commit, and");
        if (!flows.empty())
            fmt::print(stderr, "{} anew {}? What stands is read until then. [y/N] ",
                       rewritten.empty() ? "Build" : "build", fmt::join(flows, ", "));
        std::string answer;
        if (!isatty(STDIN_FILENO)) {
            fmt::print(stderr, "\nNobody is there to ask: --yes says so.\n");
            return false;
        }
        std::getline(std::cin, answer);
        return answer == "y" || answer == "Y" || answer == "yes";
    }
    ProjectFolder project_;
    bool yes_ = false, from_retained_ = false;
};

constexpr host::CommandRow kCommands[] = {
    {"plan", "Says what a changed project means for the flows that stand, before it is served.",
     "tarn plan --project shop --data shop-data", host::make_command<Plan>},
    {"apply", "Does what the plan says: builds anew what needs it.",
     "tarn apply --project shop --data shop-data --yes", host::make_command<Apply>},
};

}  // namespace

std::span<const host::CommandRow> plan_commands() { return kCommands; }

}  // namespace tarn::cli
