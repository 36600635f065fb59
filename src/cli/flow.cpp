// `tarn flow …`: asked of the process that serves the folder, which alone knows how its flows are.

#include <algorithm>

#include <fmt/format.h>

#include "commands.h"
#include "serving.h"
#include "tarn/flow/error_ids.h"
#include "tarn/io/data_folder.h"

namespace tarn::cli {
namespace {

Result<Serving> serving_of(const Common& common) {
    io::LocalFileSystem fs;
    return find_serving(fs, common.data);
}

}  // namespace

Result<int> run_flow_list(const Common& common) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_get(serving, "/api/v1/flows"));
    TableOutput out(common.format, {"flow", "state", "source", "sinks", "epoch", "lag", "rows_in",
                                    "late", "quarantined", "p50_ms", "p99_ms", "reason"});
    for (auto& f : answer["flows"]) {
        std::string sinks;
        for (auto& s : f["sinks"])
            sinks += (sinks.empty() ? "" : ", ") + s.value("name", "");
        out.row({f["name"], f["state"], f["source"], sinks, f["epoch"], f["lag"], f["rows_in"],
                 f["late"], f["quarantined"], f["latency_p50_ms"], f["latency_p99_ms"],
                 f["reason"]});
    }
    out.print(
        "There is no flow yet. A topic with `table:` in tarn.yml, or a model under models/, makes "
        "one.");
    return kExitOk;
}

Result<int> run_flow_describe(const Common& common, const std::string& flow) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_get(serving, "/api/v1/flows/" + flow));
    print_object(common.format, nlohmann::ordered_json(answer));
    return kExitOk;
}

namespace {

// What can be said of a flow while nothing runs: its state folder shows that there is one.
Result<nlohmann::json> why_without_process(const Common& common, const std::string& flow) {
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

}  // namespace

Result<int> run_flow_why(const Common& common, const std::string& flow) {
    auto serving = serving_of(common);
    auto why = serving ? api_get(*serving, "/api/v1/flows/" + flow + "/why")
                       : why_without_process(common, flow);
    if (!why) return fail(why.error());
    if (common.format != Format::kText) {
        print_object(common.format, nlohmann::ordered_json(*why));
        return kExitOk;
    }
    auto todo = why->value("todo", "");
    fmt::print("{}{}{}\n", why->value("sentence", ""), todo.empty() ? "" : " ", todo);
    return kExitOk;
}

Result<int> run_flow_set(const Common& common, const std::string& flow, const std::string& verb) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_post(serving, fmt::format("/api/v1/flows/{}/{}", flow, verb),
                                   nlohmann::json::object()));
    print_object(common.format, {{"flow", answer["name"]}, {"state", answer["state"]}});
    return kExitOk;
}

}  // namespace tarn::cli
