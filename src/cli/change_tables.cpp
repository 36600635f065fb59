#include "change_tables.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "offline.h"
#include "tables.h"
#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/host/table_statements.h"
#include "tarn/io/data_folder.h"
#include "tarn/sql/engine.h"

namespace tarn::cli {
namespace {

void print(const host::Common& common, const nlohmann::ordered_json& outcome) {
    if (common.format == host::Format::kJson)
        fmt::print("{}\n", outcome.dump());
    else
        fmt::print("{}\n", outcome.value("text", ""));
}

Result<int> here(const host::Common& common, const std::string& sql) {
    io::LocalFileSystem fs;
    TARN_TRY(auto folder, io::DataFolder::open(fs, common.data));
    SystemClock clock;
    Random random{entropy_seed()};
    io::Failpoints failpoints;
    Metrics metrics;
    Tables tables(fs, common.data + "/tables");
    sql::EngineOptions options;
    options.threads = int(std::max(1u, std::thread::hardware_concurrency()));
    options.spill_folder = common.data + "/spill/changes";
    TARN_TRY(auto engine, sql::Engine::open(options, fs, &tables));
    TARN_TRY(auto lake, lake::Lake::open(common.data + "/tables", {fs, clock, random, failpoints,
                                                                   metrics, Logger(), *engine}));
    TARN_TRY(const auto care, host::parse_care_statement(sql));
    if (care && care->verb == "vacuum") TARN_RETURN_IF_ERROR(check_no_flows(fs, common.data));
    // Flows have a say in what is dropped; where none has ever run there are none.
    const auto drop = [&](const std::string& table, bool purge) -> Status {
        if (const auto flows = fs.list(common.data + "/state"); flows && !flows->empty())
            return fail(
                ErrorCode::kFailedPrecondition,
                fmt::format("no Tarn runs on the data folder, and which flows use table {0} "
                            "is not known without their project: tarn table drop {0} --yes "
                            "--project FOLDER",
                            table));
        return purge ? lake->purge_table(table) : lake->drop_table(table);
    };
    // Who may write into the folder may read what else is on the machine.
    TARN_TRY(const auto answer, host::run_table_statement(*lake, *engine, drop, sql, false));
    print(common, answer);
    return host::kExitOk;
}

}  // namespace

bool changes_tables(std::string_view sql) { return host::is_table_statement(sql); }

Result<int> change_tables(const host::Common& common, const std::string& sql) {
    io::LocalFileSystem fs;
    auto api = host::find_api(fs, common);
    if (!api) return here(common, sql);
    TARN_TRY(auto outcome, api->post("/api/v1/sql/statement", {{"sql", sql}}));
    print(common, outcome);
    return host::kExitOk;
}

}  // namespace tarn::cli
