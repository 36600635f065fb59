// `tarn table …`: read from the Delta tables of the data folder, with or without a serving process;
// changed through that process, if there is one.

#include "commands.h"
#include "drop.h"
#include "offline.h"

#include <fmt/format.h>

#include "tarn/base/ids.h"
#include "tarn/base/metrics.h"
#include "tarn/flow/node.h"
#include "tarn/host/command.h"
#include "tarn/host/maintain.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
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

    Status open(const std::string& data, sql::EngineOptions options = {}) {
        TARN_RETURN_IF_ERROR(io::DataFolder::check_format(fs, data));
        TARN_TRY(engine, sql::Engine::open(std::move(options), fs, nullptr));
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
    void declare(host::Options& options) override {
        options.add("--dropped", &dropped_,
                    "Tables that were dropped and can be brought back, the newest drop first");
    }
    Result<int> run(const host::Common& common) override {
        Reader reader;
        TARN_RETURN_IF_ERROR(reader.open(common.data));
        if (dropped_) {
            host::TableOutput gone(common.format, {"table", "dropped", "goes", "bytes", "id"});
            for (const auto& table : reader.lake->dropped())
                gone.row({table.name, format_rfc3339(table.dropped), format_rfc3339(table.goes),
                          table.bytes, table.id.str()});
            gone.print("No table was dropped that can be brought back.");
            return host::kExitOk;
        }
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

  private:
    bool dropped_ = false;
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

// Care of a table: through the process that serves the data folder, or with the folder to itself.
class Maintain : public host::Command {
  public:
    explicit Maintain(std::string_view verb) : verb_(verb) {}
    void declare(host::Options& options) override {
        options.add("table", &table_, "schema.table").required();
    }
    Result<int> run(const host::Common& common) override {
        TARN_TRY(const auto asked, request());
        TARN_TRY(const auto answer, with_advice(ask(common, asked)));
        print(common, answer);
        return status_of(answer);
    }

  protected:
    virtual Result<nlohmann::json> request() = 0;
    virtual void print(const host::Common& common, const nlohmann::ordered_json& answer) {
        host::print_object(common.format, answer);
    }
    virtual int status_of(const nlohmann::ordered_json&) const { return host::kExitOk; }
    static void put(nlohmann::json& to, const char* key, const std::string& text) {
        if (!text.empty()) to[key] = text;
    }
    std::string table_;

  private:
    Result<nlohmann::ordered_json> ask(const host::Common& common, const nlohmann::json& asked) {
        io::LocalFileSystem fs;
        if (auto api = host::find_api(fs, common)) {
            TARN_TRY(const auto name, host::path_segment(table_));
            TARN_TRY(
                const auto text,
                api->post_text(fmt::format("/api/v1/tables/{}/{}", name, verb_), asked, kWait));
            return nlohmann::ordered_json::parse(text);
        }
        TARN_RETURN_IF_ERROR(io::DataFolder::check_format(fs, common.data));
        TARN_TRY(auto folder, io::DataFolder::open(fs, common.data));
        if (verb_ == "vacuum") TARN_RETURN_IF_ERROR(check_no_flows(fs, common.data));
        Reader lake;
        TARN_RETURN_IF_ERROR(
            lake.open(common.data, {.threads = 1, .spill_folder = common.data + "/spill/flows"}));
        return host::maintain_table(*lake.lake, verb_, table_, asked);
    }
    static constexpr Duration kWait = Duration::seconds(24 * 60 * 60);
    const std::string_view verb_;
};

class Optimize final : public Maintain {
  public:
    Optimize() : Maintain("optimize") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        options.add("--where", &where_, "Partitions to look at: SQL over partition columns")
            .value("SQL");
        options
            .add("--zorder-by", &order_by_,
                 "Writes all files of the partitions anew, in Z-order by these columns")
            .value("COLUMN");
        options.add("--full", &full_,
                    "Of a table that is clustered: writes all files anew, not only what is not "
                    "clustered yet");
        options.add("--target-size", &target_, "Size of a file; else the table's").value("SIZE");
        options.add("--dry-run", &dry_run_, "Says what would go, and changes nothing");
    }

  private:
    Result<nlohmann::json> request() override {
        auto out = nlohmann::json{{"dry_run", dry_run_}, {"order_by", order_by_}, {"full", full_}};
        put(out, "where", where_);
        put(out, "target_size", target_);
        return out;
    }
    std::string where_, target_;
    std::vector<std::string> order_by_;
    bool dry_run_ = false, full_ = false;
};

class Vacuum final : public Maintain {
  public:
    Vacuum() : Maintain("vacuum") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        options.add("--retain", &retain_, "Keeps what went since; else as the table says (7d)")
            .value("DURATION");
        options.add("--force", &force_, "Also for less than the table says: 0s removes all");
        options.add("--lite", &lite_, "Goes by the log alone, without a look at the disk");
        options.add("--dry-run", &dry_run_, "Says what would go, and removes nothing");
    }

  private:
    Result<nlohmann::json> request() override {
        auto out = nlohmann::json{{"force", force_}, {"lite", lite_}, {"dry_run", dry_run_}};
        put(out, "retain", retain_);
        return out;
    }
    std::string retain_;
    bool force_ = false, lite_ = false, dry_run_ = false;
};

// Those that take a version of a table.
class OfVersion : public Maintain {
  public:
    using Maintain::Maintain;

  protected:
    void declare_version(host::Options& options) {
        options.add("--version", &version_, "Version").between(0, INT64_MAX).says(has_version_);
        options.add("--time", &time_, "The newest version that is not younger")
            .value("2026-01-31T12:00:00Z");
    }
    void put_version(nlohmann::json& to) const {
        if (has_version_) to["version"] = version_;
        put(to, "time", time_);
    }

  private:
    int64_t version_ = 0;
    bool has_version_ = false;
    std::string time_;
};

class Restore final : public OfVersion {
  public:
    Restore() : OfVersion("restore") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        declare_version(options);
        options.add("--ignore-missing", &ignore_missing_,
                    "Goes without the rows of files that are gone");
    }

  private:
    Result<nlohmann::json> request() override {
        auto out = nlohmann::json{{"ignore_missing", ignore_missing_}};
        put_version(out);
        return out;
    }
    bool ignore_missing_ = false;
};

class Clone final : public OfVersion {
  public:
    Clone() : OfVersion("clone") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        options.add("target", &target_, "schema.table of the new one").required();
        declare_version(options);
        options.add("--deep", &deep_, "Copies the files; else the clone refers to them");
    }

  private:
    Result<nlohmann::json> request() override {
        auto out = nlohmann::json{{"target", target_}, {"deep", deep_}};
        put_version(out);
        return out;
    }
    std::string target_;
    bool deep_ = false;
};

class Validate final : public Maintain {
  public:
    Validate() : Maintain("validate") {}

  private:
    Result<nlohmann::json> request() override { return nlohmann::json::object(); }
    int status_of(const nlohmann::ordered_json& answer) const override {
        return answer["problems"].empty() ? host::kExitOk : host::kExitFailed;
    }
};

class Repair final : public Maintain {
  public:
    Repair() : Maintain("repair") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        options.add("--dry-run", &dry_run_, "Says what would be done, and changes nothing");
    }

  private:
    Result<nlohmann::json> request() override { return nlohmann::json{{"dry_run", dry_run_}}; }
    int status_of(const nlohmann::ordered_json& answer) const override {
        return answer["left"].empty() ? host::kExitOk : host::kExitFailed;
    }
    bool dry_run_ = false;
};

class Undrop final : public Maintain {
  public:
    Undrop() : Maintain("undrop") {}
    void declare(host::Options& options) override {
        Maintain::declare(options);
        options.add("--as", &as_, "A new name for it").value("SCHEMA.NAME");
        options.add("--id", &id_, "Which drop, where several tables of the name were dropped")
            .value("UUID");
    }

  private:
    Result<nlohmann::json> request() override {
        auto out = nlohmann::json::object();
        put(out, "as", as_);
        put(out, "id", id_);
        return out;
    }
    std::string as_, id_;
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
    {"table optimize", "Makes large files of a table's small ones, and rows that were deleted go.",
     "tarn table optimize bronze.clicks --dry-run", host::make_command<Optimize>},
    {"table vacuum", "Removes files that no version of a table within its retention needs.",
     "tarn table vacuum bronze.clicks --dry-run", host::make_command<Vacuum>},
    {"table restore", "Brings back a table's rows, schema and properties of an older version.",
     "tarn table restore bronze.clicks --version 12", host::make_command<Restore>},
    {"table clone", "Makes a new table of a version of another one.",
     "tarn table clone bronze.clicks sandbox.clicks", host::make_command<Clone>},
    {"table validate", "Opens all files of a table and holds them against its log.",
     "tarn table validate bronze.clicks", host::make_command<Validate>},
    {"table repair",
     "Mends what can be mended of a table whose files or log are damaged; what goes is kept aside.",
     "tarn table repair bronze.clicks --dry-run", host::make_command<Repair>},
    {"table undrop", "Brings a table back that was dropped, until its time is over.",
     "tarn table undrop gold.pages", host::make_command<Undrop>},
    {"table drop",
     "Removes a table that no flow of the project writes or reads; for a while it can be brought "
     "back.",
     "tarn table drop gold.pages --yes", host::make_command<Drop>},
};

}  // namespace

std::span<const host::CommandRow> table_commands() { return kCommands; }

}  // namespace tarn::cli
