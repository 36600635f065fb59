// `tarn table …`: read from the Delta tables of the data folder, with or without a serving process.

#include <fmt/format.h>

#include "commands.h"
#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/io/data_folder.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/lake.h"

namespace tarn::cli {
namespace {

// A lake for reading, with what it needs of the world.
struct Reader {
    io::LocalFileSystem fs;
    SystemClock clock;
    Random random{entropy_seed()};
    io::Failpoints failpoints;
    Metrics metrics;
    std::unique_ptr<sql::Engine> engine;
    std::unique_ptr<lake::Lake> lake;

    Status open(const std::string& data) {
        TARN_RETURN_IF_ERROR(io::DataFolder::check_format(fs, data));
        TARN_TRY(engine, sql::Engine::open({}, fs, nullptr));
        TARN_TRY(lake, lake::Lake::open(data + "/tables", {fs, clock, random, failpoints, metrics,
                                                           Logger(), *engine}));
        return {};
    }
};

template <class T>
Result<T> with_advice(Result<T> result) {
    if (result || result.error().id() != errors::kNoTable) return result;
    return fail(errors::kNoTable, result.error().message() + ". `tarn table list` shows them.");
}

}  // namespace

Result<int> run_table_list(const Common& common) {
    Reader reader;
    TARN_RETURN_IF_ERROR(reader.open(common.data));
    TableOutput out(common.format, {"table", "version", "rows", "files", "bytes", "last_commit"});
    for (auto& name : reader.lake->tables()) {
        TARN_TRY(auto info, reader.lake->describe(name));
        out.row({name, info.version, info.rows, info.files, info.bytes,
                 format_rfc3339(info.last_commit)});
    }
    out.print("There is no table yet. A topic with `table:` in tarn.yml makes one.");
    return kExitOk;
}

Result<int> run_table_describe(const Common& common, const std::string& table) {
    Reader reader;
    TARN_RETURN_IF_ERROR(reader.open(common.data));
    TARN_TRY(auto info, with_advice(reader.lake->describe(table)));
    auto columns = nlohmann::ordered_json::array();
    for (auto& c : info.columns)
        columns.push_back({{"name", c.name}, {"type", std::string(codec::to_string(c.type))}});
    print_object(common.format, {{"table", info.name},
                                 {"path", info.path},
                                 {"id", info.id.str()},
                                 {"description", info.description},
                                 {"version", info.version},
                                 {"rows", info.rows},
                                 {"files", info.files},
                                 {"bytes", info.bytes},
                                 {"partition_by", info.partition_by},
                                 {"columns", columns},
                                 {"properties", info.properties},
                                 {"created", format_rfc3339(info.created)},
                                 {"last_commit", format_rfc3339(info.last_commit)}});
    return kExitOk;
}

Result<int> run_table_history(const Common& common, const std::string& table, int64_t limit) {
    Reader reader;
    TARN_RETURN_IF_ERROR(reader.open(common.data));
    TARN_TRY(auto history, with_advice(reader.lake->history(table, limit)));
    TableOutput out(common.format, {"version", "time", "operation", "metrics", "txn"});
    for (auto& h : history)
        out.row({h.version, format_rfc3339(h.time), h.operation, nlohmann::json(h.metrics),
                 h.txn ? nlohmann::json(fmt::format("{} {}", h.txn->app_id, h.txn->version))
                       : nlohmann::json()});
    out.print();
    return kExitOk;
}

}  // namespace tarn::cli
