// `tarn flow …`: asked of the process that serves the folder, which alone knows how its flows are.

#include <fmt/format.h>

#include "commands.h"
#include "serving.h"

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

Result<int> run_flow_set(const Common& common, const std::string& flow, const std::string& verb) {
    TARN_TRY(auto serving, serving_of(common));
    TARN_TRY(auto answer, api_post(serving, fmt::format("/api/v1/flows/{}/{}", flow, verb),
                                   nlohmann::json::object()));
    print_object(common.format, {{"flow", answer["name"]}, {"state", answer["state"]}});
    return kExitOk;
}

}  // namespace tarn::cli
