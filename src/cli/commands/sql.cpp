// `tarn sql`: through the process that serves the folder when there is one, else by itself.

#include "change_tables.h"
#include "commands.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <thread>

#include <fmt/format.h>

#include "tables.h"
#include "tarn/host/command.h"
#include "tarn/host/error_ids.h"
#include "tarn/host/output.h"
#include "tarn/host/serving.h"
#include "tarn/io/data_folder.h"
#include "tarn/io/error_ids.h"
#include "tarn/io/http_client.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/json_result.h"

namespace tarn::cli {
namespace {

struct SqlOptions {
    std::string query;  // "-": from standard input
    int64_t max_rows = -1;
    Duration timeout = Duration::micros(-1);
};

// Calls visit(character, position, depth) for each bracket, brace, comma and colon outside of
// strings, with the depth that it opens, closes or stands in; stops when a call gives false.
template <class F>
void walk_json(std::string_view json, F&& visit) {
    size_t depth = 0;
    for (size_t at = 0; at < json.size(); ++at) {
        char c = json[at];
        if (c == '"') {
            for (++at; at < json.size() && json[at] != '"'; ++at)
                at += json[at] == '\\';
        } else if (c == '{' || c == '[') {
            if (!visit(c, at, ++depth)) return;
        } else if (c == '}' || c == ']') {
            if (!visit(c, at, depth--)) return;
        } else if (c == ',' || c == ':') {
            if (!visit(c, at, depth)) return;
        }
    }
}

// The texts of an object's values, in order.
std::vector<std::string_view> field_texts(std::string_view object) {
    std::vector<std::string_view> values;
    size_t begin = 0;
    walk_json(object, [&](char c, size_t at, size_t depth) {
        if (depth != 1) return true;
        if (c == ':') begin = at + 1;
        if ((c == ',' || c == '}') && begin > 0) values.push_back(object.substr(begin, at - begin));
        return true;
    });
    return values;
}

// Rows as they come: JSON lines at once, text and CSV gathered into a table.
class Printer final : public sql::JsonRowSink {
  public:
    explicit Printer(host::Format format) : format_(format) {}
    Status columns(std::span<const sql::ResultColumn> columns) override {
        std::vector<std::string> names;
        for (auto& c : columns)
            names.push_back(c.name);
        names_ = names;
        explains_ = format_ == host::Format::kText &&
                    names == std::vector<std::string>{"explain_key", "explain_value"};
        table_.emplace(format_, std::move(names));
        return {};
    }
    Status row(std::string_view json) override {
        if (format_ == host::Format::kJson) {
            fmt::print("{}\n", json);
            return {};
        }
        // By place, not by name (two columns may share one), and numbers as they stand.
        std::vector<nlohmann::json> values;
        for (auto text : field_texts(json)) {
            auto value = nlohmann::json::parse(text, nullptr, false);
            if (value.is_number_float()) {
                if (values.size() < names_.size()) table_->holds_numbers(values.size());
                value = std::string(text);
            }
            if (value.is_structured()) value = std::string(text);
            values.push_back(std::move(value));
        }
        values.resize(names_.size());
        // A plan is a drawing of many lines.
        if (explains_) {
            fmt::print("{}\n", values[1].get<std::string>());
            return {};
        }
        table_->row(std::move(values));
        return {};
    }
    void finish() {
        if (format_ != host::Format::kJson && table_ && !explains_) table_->print();
    }

  private:
    host::Format format_;
    std::vector<std::string> names_;
    bool explains_ = false;
    std::optional<host::TableOutput> table_;
};

// Cut because that was asked for.
bool cut_by_us(int64_t rows, int64_t max_rows) { return max_rows > 0 && rows >= max_rows; }

// For programs a result is whole, or the part that was asked for, or none.
Status check_whole(host::Format format, bool truncated, int64_t rows, int64_t max_rows) {
    if (!truncated || format == host::Format::kText || cut_by_us(rows, max_rows)) return {};
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the result has more than the {} rows that the server gives: ask for "
                            "parts with LIMIT and OFFSET, or for the first rows with --max-rows {}",
                            rows, rows));
}

// A result that --max-rows did not cut was cut by the limit of the server, which no flag raises.
void warn_truncated(bool truncated, int64_t rows, int64_t max_rows) {
    if (!truncated) return;
    if (cut_by_us(rows, max_rows))
        fmt::print(stderr, "tarn: the result was cut after {} rows; raise it with --max-rows\n",
                   rows);
    else
        fmt::print(stderr,
                   "tarn: the result was cut after {} rows, as many as the server gives; narrow it "
                   "with WHERE or LIMIT and OFFSET\n",
                   rows);
}

Result<int> run_alone(const host::Common& common, const std::string& query,
                      const SqlOptions& options) {
    io::LocalFileSystem fs;
    // Without a data folder there are no tables, but one may still compute.
    auto format = io::DataFolder::check_format(fs, common.data);
    if (!format && format.error().id() != errors::kNotADataFolder) return fail(format.error());
    Tables tables(fs, common.data + "/tables");
    sql::EngineOptions engine_options;
    engine_options.restricted = true;
    engine_options.threads = int(std::max(1u, std::thread::hardware_concurrency()));
    TARN_TRY(auto engine, sql::Engine::open(engine_options, fs, &tables));
    TARN_TRY(auto session, engine->session());
    Printer printer(common.format);
    auto done = session->query(query, {options.max_rows, options.timeout}, printer);
    if (!done && !format && done.error().id() == errors::kSqlUnknownName)
        return fail(done.error().with_context(format.error().message()));
    if (!done && done.error().id() == errors::kSqlUnknownName)
        return fail(errors::kSqlUnknownName,
                    fmt::format("{}\nNo Tarn is running on data folder {}, so materialized views "
                                "and system tables are not there. Start it: tarn up --data {}",
                                done.error().message(), common.data, common.data));
    TARN_TRY(auto stats, std::move(done));
    printer.finish();
    warn_truncated(stats.truncated, stats.rows, options.max_rows);
    return host::kExitOk;
}

// The texts of the objects in the array "rows" of a result, as they stand: a parser would damage
// numbers that a double cannot hold.
std::vector<std::string_view> row_texts(std::string_view body) {
    std::vector<std::string_view> rows;
    auto from = body.find("\"rows\":[");
    if (from == body.npos) return rows;
    body.remove_prefix(from + 7);
    size_t begin = 0;
    walk_json(body, [&](char c, size_t at, size_t depth) {
        if (depth == 2 && c == '{') begin = at;
        if (depth == 2 && c == '}') rows.push_back(body.substr(begin, at + 1 - begin));
        return !(depth == 1 && c == ']');
    });
    return rows;
}

Result<int> run_through(const host::Common& common, const host::Api& api, const std::string& query,
                        const SqlOptions& options) {
    nlohmann::json body = {{"sql", query}};
    if (options.max_rows > 0) body["max_rows"] = options.max_rows;
    // The server has a limit of its own; a shorter one of ours closes the connection, which cancels
    // the query.
    auto reply = api.post_text("/api/v1/sql", body, options.timeout);
    if (!reply && reply.error().id() == errors::kNoAnswer && options.timeout.us >= 0)
        return fail(errors::kSqlTimeout,
                    "the query took longer than its limit of " + format_duration(options.timeout));
    TARN_TRY(auto text, std::move(reply));
    auto answer = nlohmann::json::parse(text, nullptr, false);
    if (!answer.is_object()) return fail(ErrorCode::kInternal, "the server's answer is not JSON");
    std::vector<sql::ResultColumn> columns;
    for (auto& c : answer["columns"])
        columns.push_back({.name = c.value("name", ""), .type = c.value("type", "")});
    const bool truncated = answer.value("truncated", false);
    const auto count = int64_t(answer["rows"].size());
    TARN_RETURN_IF_ERROR(check_whole(common.format, truncated, count, options.max_rows));
    Printer printer(common.format);
    TARN_RETURN_IF_ERROR(printer.columns(columns));
    for (auto row : row_texts(text))
        TARN_RETURN_IF_ERROR(printer.row(row));
    printer.finish();
    warn_truncated(truncated, count, options.max_rows);
    return host::kExitOk;
}

class Sql final : public host::Command {
  public:
    void declare(host::Options& options) override {
        options.add("query", &options_.query, "SQL text, or - for standard input").required();
        options.add("--max-rows", &options_.max_rows, "Cuts the result after so many rows")
            .check(host::not_positive);
        options.add("--timeout", &timeout_, "Gives up after this time, e.g. 30s")
            .value("TIME")
            .check(host::not_a_duration);
    }
    Result<int> run(const host::Common& common) override {
        if (!timeout_.empty()) {
            TARN_TRY(options_.timeout, parse_duration(timeout_));
        }
        auto query = options_.query;
        if (query == "-") query.assign(std::istreambuf_iterator<char>(std::cin), {});
        if (changes_tables(query)) return change_tables(common, query);
        io::LocalFileSystem fs;
        auto api = host::find_api(fs, common);
        return api ? run_through(common, *api, query, options_)
                   : run_alone(common, query, options_);
    }

  private:
    SqlOptions options_;
    std::string timeout_;
};

constexpr host::CommandRow kCommands[] = {
    {"sql", "Runs one query over tables and views, or one statement that changes a table.",
     "tarn sql \"select count(*) from bronze.clicks\"", host::make_command<Sql>},
};

}  // namespace

std::span<const host::CommandRow> sql_commands() { return kCommands; }

}  // namespace tarn::cli
