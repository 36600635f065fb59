#pragma once

// One function a command, called by main with what the command line said. Each gives the exit code,
// or an error that main prints.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "output.h"
#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"

namespace tarn::cli {

struct Common {
    std::string data = "tarn-data";
    Format format = Format::kText;
};

struct UpOptions {
    std::string project = ".";
    bool project_given = false;
    Settings::Values flags;  // settings given as flags
};
Result<int> run_up(const Common& common, const UpOptions& options);

struct SqlOptions {
    std::string query;  // "-": from standard input
    int64_t max_rows = -1;
    Duration timeout = Duration::micros(-1);
};
Result<int> run_sql(const Common& common, const SqlOptions& options);

Result<int> run_topic_list(const Common& common);
Result<int> run_topic_describe(const Common& common, const std::string& topic);
struct TopicCreateOptions {
    std::string topic;
    int32_t partitions = 1;
    std::vector<std::string> config;  // "retention.ms=3600000"
};
Result<int> run_topic_create(const Common& common, const TopicCreateOptions& options);
Result<int> run_topic_delete(const Common& common, const std::string& topic, bool dry_run);
struct TopicProduceOptions {
    std::string topic;
    std::optional<int32_t> partition;
    std::string key;   // of every record; empty: none
    std::string file;  // empty: standard input
};
Result<int> run_topic_produce(const Common& common, const TopicProduceOptions& options);
struct TopicConsumeOptions {
    std::string topic;
    std::string from = "beginning";  // beginning, end, or an offset
    int64_t max = -1;                // records; negative: no end
    bool follow = false;             // wait for more at the end
};
Result<int> run_topic_consume(const Common& common, const TopicConsumeOptions& options);

Result<int> run_table_list(const Common& common);
Result<int> run_table_describe(const Common& common, const std::string& table);
Result<int> run_table_history(const Common& common, const std::string& table, int64_t limit);

Result<int> run_flow_list(const Common& common);
Result<int> run_flow_describe(const Common& common, const std::string& flow);
// One sentence: why the flow does or does not advance, and what to do.
Result<int> run_flow_why(const Common& common, const std::string& flow);
Result<int> run_flow_set(const Common& common, const std::string& flow, const std::string& verb);

Result<int> run_settings_list(const Common& common, const UpOptions& options);

// What an error's id means.
Result<int> run_explain(const Common& common, const std::string& id);

// Pages of docs/errors and docs/reference, written into folder `out`; the metrics are those of a platform that serves
// `project`.
struct CommandDoc;
Result<int> run_docs_errors(const std::string& out);
Result<int> run_docs_reference(const CommandDoc& root, const std::string& project,
                               const std::string& out);

struct DoctorOptions {
    std::string project = ".";
    bool project_given = false;
    bool quiet = false;  // one line if all is well, else what is not
    Settings::Values flags;
};
Result<int> run_doctor(const Common& common, const DoctorOptions& options);

struct DemoOptions {
    std::optional<Duration> run_for;  // none: until Ctrl-C
    int64_t rate = 2'000;             // clicks a second
    uint64_t seed = 1;
    bool browser = true;
    bool data_given = false;  // else a folder that is removed at the end
    Settings::Values flags;
};
Result<int> run_demo(const Common& common, const DemoOptions& options);

struct TraceOptions {
    std::string id;  // or a place
    std::string topic;
    int32_t partition = 0;
    int64_t offset = -1;
    Duration timeout = Duration::seconds(10);  // for what has not arrived yet
    bool data_given = false;                   // else the demo that runs
};
Result<int> run_trace(const Common& common, const TraceOptions& options);

struct GeneratorCommand {
    std::string kafka;              // host:port
    std::string stream = "clicks";  // or "edits"
    std::string topic;              // empty: named as the stream
    std::string ledger;             // folder
    int64_t rate = 2'000;           // clicks a second
    uint64_t seed = 1;
    Duration day = Duration::seconds(300);  // in which the day of edits is replayed
    double late = -1, broken = -1;          // shares of the clicks; negative: as usual
    Duration late_from = Duration::seconds(1);
    int64_t first_round = -1;  // of the clicks' ids; negative: as usual
    std::optional<Duration> run_for;
};
// One of the demo's producers, a process of its own: stdout has one JSON object at the end.
Result<int> run_generator_command(const GeneratorCommand& command);

// TARN_* of the environment by name, without those that other programs of Tarn read.
Settings::Values environment_settings();
// Settings of the environment and of a project's file under flags, checked against the
// declarations.
Result<Settings> load_settings(const Settings::Values& flags, const Settings::Values& file);
// Says on stderr which TARN_* variables are no settings. (One that looks like a mistyped setting is an error of
// load_settings.)
void warn_of_unknown_variables(const Settings& settings);

}  // namespace tarn::cli
