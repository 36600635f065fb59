// `tarn table …`: read from the Delta tables of the data folder, with or without a serving process.

#include "commands.h"
#include "drop.h"

#include <fmt/format.h>

#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/flow/node.h"
#include "tarn/host/command.h"
#include "tarn/host/output.h"
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

class List final : public host::Command {
  public:
    Result<int> run(const host::Common& common) override {
        Reader reader;
        TARN_RETURN_IF_ERROR(reader.open(common.data));
        host::TableOutput out(common.format,
                              {"table", "version", "rows", "files", "bytes", "last_commit"});
        for (auto& name : reader.lake->tables()) {
            TARN_TRY(auto info, reader.lake->describe(name));
            out.row({name, info.version, info.rows, info.files, info.bytes,
                     format_rfc3339(info.last_commit)});
        }
        out.print("There is no table yet. A topic with `table:` in tarn.yml makes one.");
        return host::kExitOk;
    }
};

class Describe final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("table", &table_, "schema.table").required();
    }
    Result<int> run(const host::Common& common) override;

  private:
    std::string table_;
};

Result<int> Describe::run(const host::Common& common) {
    Reader reader;
    TARN_RETURN_IF_ERROR(reader.open(common.data));
    TARN_TRY(auto info, with_advice(reader.lake->describe(table_)));
    auto columns = nlohmann::ordered_json::array();
    for (auto& c : info.columns)
        columns.push_back({{"name", c.name}, {"type", std::string(codec::to_string(c.type))}});
    host::print_object(common.format, {{"table", info.name},
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
    return host::kExitOk;
}

class History final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("table", &table_, "schema.table").required();
        options.add("--limit", &limit_, "Versions").with_default().check(host::not_positive);
    }
    Result<int> run(const host::Common& common) override {
        Reader reader;
        TARN_RETURN_IF_ERROR(reader.open(common.data));
        TARN_TRY(auto history, with_advice(reader.lake->history(table_, limit_)));
        host::TableOutput out(common.format, {"version", "time", "operation", "metrics", "txn"});
        for (auto& h : history)
            out.row({h.version, format_rfc3339(h.time), h.operation, nlohmann::json(h.metrics),
                     h.txn ? nlohmann::json(fmt::format("{} {}", h.txn->app_id, h.txn->version))
                           : nlohmann::json()});
        out.print();
        return host::kExitOk;
    }

  private:
    std::string table_;
    int64_t limit_ = 20;
};

struct Drop final : DropOutput {
    Drop() : DropOutput(flow::kTableKind) {}
};

constexpr host::CommandRow kCommands[] = {
    {"table", "Tables of the lake.", "tarn table list"},
    {"table list", "Lists tables.", "tarn table list", host::make_command<List>},
    {"table describe", "Shows a table's columns, files and version.",
     "tarn table describe bronze.clicks", host::make_command<Describe>},
    {"table history", "Lists a table's versions, newest first.",
     "tarn table history bronze.clicks --limit 5", host::make_command<History>},
    {"table drop", "Removes a table that no flow of the project writes or reads.",
     "tarn table drop gold.pages --yes", host::make_command<Drop>},
};

}  // namespace

std::span<const host::CommandRow> table_commands() { return kCommands; }

}  // namespace tarn::cli
