#include "change_tables.h"

#include <algorithm>
#include <array>
#include <thread>

#include <fmt/format.h>

#include "tables.h"
#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/io/data_folder.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/table_statement.h"

namespace tarn::cli {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Behind blanks and comments.
std::string_view without_lead(std::string_view sql) {
    for (;;) {
        while (!sql.empty() && is_space(sql.front()))
            sql.remove_prefix(1);
        size_t end = 0;
        if (sql.starts_with("--"))
            end = sql.find('\n');
        else if (sql.starts_with("/*"))
            end = sql.find("*/");
        else
            return sql;
        if (end == sql.npos) return {};
        sql.remove_prefix(end + (sql.starts_with("--") ? 1 : 2));
    }
}

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
    // Who may write into the folder may read what else is on the machine.
    TARN_TRY(auto statement, sql::parse_table_statement(*engine, sql, false));
    if (!statement) return fail(errors::kSqlRefused, "this is no statement that changes a table");
    TARN_TRY(auto outcome, lake::run_statement(*lake, *engine, *statement));
    print(common, lake::outcome_json(*statement, outcome));
    return host::kExitOk;
}

}  // namespace

bool changes_tables(std::string_view sql) {
    constexpr std::array<std::string_view, 9> kWords = {
        "insert", "update", "delete", "merge", "create", "alter", "drop", "truncate", "comment"};
    std::string word;
    for (char c : without_lead(sql)) {
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) break;
        word += char(c | 0x20);
    }
    return std::ranges::find(kWords, word) != kWords.end();
}

Result<int> change_tables(const host::Common& common, const std::string& sql) {
    io::LocalFileSystem fs;
    auto api = host::find_api(fs, common);
    if (!api) return here(common, sql);
    TARN_TRY(auto outcome, api->post("/api/v1/sql/statement", {{"sql", sql}}));
    print(common, outcome);
    return host::kExitOk;
}

}  // namespace tarn::cli
