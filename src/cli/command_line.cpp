#include "command_line.h"

#include <fmt/format.h>

#include "command_docs.h"
#include "tarn/base/version.h"

namespace tarn::cli {
namespace {

std::string duration_error(const std::string& text) {
    auto parsed = parse_duration(text);
    if (!parsed) return parsed.error().message();
    return parsed->us > 0 ? "" : "must be more than nothing: " + text;
}

// What is no number at all is refused by its type.
std::string positive_error(const std::string& text) {
    return text.starts_with("-") || text == "0" ? "must be 1 or more: " + text : "";
}

// A flag that is a setting: `--kafka-port 0` is kafka.port.
CLI::Option* setting(CLI::App* sub, Settings::Values& flags, const std::string& flag,
                     const std::string& setting_name, const std::string& text) {
    return sub->add_option_function<std::string>(
        flag, [&flags, setting_name](const std::string& v) { flags[setting_name] = v; }, text);
}

}  // namespace

CLI::App* CommandLine::plain_command(CLI::App* parent, const std::string& verb,
                                     const std::string& text, const std::string& example,
                                     Action run) {
    auto* sub = parent->add_subcommand(verb, fmt::format("{}\nExample: {}", text, example));
    sub->callback([this, run = std::move(run)] { action = run; });
    return sub;
}

CLI::App* CommandLine::command(CLI::App* parent, const std::string& verb, const std::string& text,
                               const std::string& example, Action run) {
    auto* sub = plain_command(parent, verb, text, example, std::move(run));
    sub->add_option("--data", common.data, "Data folder")
        ->capture_default_str()
        ->type_name("FOLDER");
    sub->add_option("--format", format, "text, json or csv")
        ->capture_default_str()
        ->check(CLI::IsMember({"text", "json", "csv"}));
    return sub;
}

CLI::App* CommandLine::noun(const std::string& word, const std::string& text,
                            const std::string& example) {
    auto* sub = app.add_subcommand(word, fmt::format("{}\nExample: {}", text, example));
    sub->require_subcommand(1);
    return sub;
}

void CommandLine::serving_flags(CLI::App* sub, Settings::Values& flags) {
    setting(sub, flags, "--kafka-port", "kafka.port", "Port of the Kafka door (0: any free one)")
        ->type_name("PORT");
    setting(sub, flags, "--http-port", "http.port", "Port of the HTTP door (0: any free one)")
        ->type_name("PORT");
    setting(sub, flags, "--memory", "memory.limit", "Memory that all parts may take, e.g. 2GiB")
        ->type_name("SIZE");
    setting(sub, flags, "--log-level", "logging.level", "debug, info, warn, error or off")
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
    sub->add_option("--set", sets, "Any setting: name=value (tarn settings list shows them)")
        ->type_name("NAME=VALUE");
}

void CommandLine::declare_topic() {
    auto* topic = noun("topic", "Topics of the log.", "tarn topic list");
    command(topic, "list", "Lists topics.", "tarn topic list",
            [this] { return run_topic_list(common); });
    command(topic, "describe", "Shows a topic's partitions and settings.",
            "tarn topic describe clicks", [this] { return run_topic_describe(common, name); })
        ->add_option("topic", name, "Name")
        ->required();
    auto* create =
        command(topic, "create", "Creates a topic.", "tarn topic create clicks --partitions 4",
                [this] { return run_topic_create(common, topic_create); });
    create->add_option("topic", topic_create.topic, "Name")->required();
    create->add_option("--partitions", topic_create.partitions, "Partitions")
        ->capture_default_str();
    create->add_option("--config", topic_create.config, "As in Kafka: retention.ms=3600000")
        ->type_name("NAME=VALUE");
    auto* remove = command(topic, "delete", "Deletes a topic with all its records.",
                           "tarn topic delete clicks --dry-run",
                           [this] { return run_topic_delete(common, name, dry_run); });
    remove->add_option("topic", name, "Name")->required();
    remove->add_flag("--dry-run", dry_run, "Only says what would be deleted");
    auto* in =
        command(topic, "produce", "Appends each line of standard input (or of a file) as a record.",
                "echo '{\"page\":\"A1\"}' | tarn topic produce clicks", [this] {
                    if (partition >= 0) produce.partition = partition;
                    return run_topic_produce(common, produce);
                });
    in->add_option("topic", produce.topic, "Name")->required();
    in->add_option("--partition", partition, "Partition (default: in turn)");
    in->add_option("--key", produce.key, "Key of every record");
    in->add_option("--file", produce.file, "File instead of standard input")->type_name("FILE");
    auto* out = command(topic, "consume", "Prints records.", "tarn topic consume clicks --max 5",
                        [this] { return run_topic_consume(common, consume); });
    out->add_option("topic", consume.topic, "Name")->required();
    out->add_option("--from", consume.from, "beginning, end, or an offset")->capture_default_str();
    out->add_option("--max", consume.max, "Stops after so many records")->check(positive_error);
    out->add_flag("--follow", consume.follow, "Waits for more at the end");
}

void CommandLine::declare_demo() {
    auto* sub = command(&app, "demo",
                        "Replays the clicks of a web shop through the platform, with a live page.",
                        "tarn demo --for 60s --rate 100000 --format json --no-browser", Action());
    sub->get_option("--data")->each([this](const std::string&) { demo.data_given = true; });
    sub->add_option("--for", run_for, "Ends after this time, e.g. 60s (default: at Ctrl-C)")
        ->type_name("TIME")
        ->check(duration_error);
    sub->add_option("--rate", demo.rate, "Clicks a second")
        ->capture_default_str()
        ->check(CLI::Range(1, 2'000'000));
    sub->add_option("--seed", demo.seed, "Seed of what is late, twice or broken")
        ->capture_default_str();
    sub->add_flag("--no-browser", no_browser, "Does not open the page");
    serving_flags(sub, demo.flags);
    declare_trace(sub);
    declare_generator();
}

// An event followed, under the demo because that is where people meet it; it works on any server.
void CommandLine::declare_trace(CLI::App* demo_command) {
    // CLI11 calls a parent's callback after that of its subcommand: only the demo by itself runs one.
    demo_command->callback([this, demo_command] {
        if (!demo_command->get_subcommands().empty()) return;
        action = [this]() -> Result<int> {
            if (!run_for.empty()) {
                TARN_TRY(auto d, parse_duration(run_for));
                demo.run_for = d;
            }
            demo.browser = !no_browser;
            return run_demo(common, demo);
        };
    });
    auto* sub = command(demo_command, "trace",
                        "Follows one event: where it is, since when, in which epoch and version.",
                        "tarn demo trace e00042-100000-001", [this]() -> Result<int> {
                            TARN_TRY(trace.timeout, parse_duration(trace_timeout));
                            return run_trace(common, trace);
                        });
    sub->get_option("--data")->each([this](const std::string&) { trace.data_given = true; });
    sub->add_option("id", trace.id, "The event's id (its event_id)");
    sub->add_option("--topic", trace.topic,
                    "Topic to look in; with --partition and --offset, a place");
    sub->add_option("--partition", trace.partition, "Partition")->check(CLI::Range(0, 1'000'000));
    sub->add_option("--offset", trace.offset, "Offset")
        ->check(CLI::Range(int64_t(0), std::numeric_limits<int64_t>::max()));
    sub->add_option("--timeout", trace_timeout, "Waits so long for what has not arrived yet")
        ->capture_default_str()
        ->check(duration_error);
}

void CommandLine::declare_generator() {
    auto* load =
        command(&app, "demo-generator", "The demo's producer, by itself, against any Kafka broker.",
                "tarn demo-generator --kafka 127.0.0.1:9092 --rate 50000 --for 60s --ledger ledger",
                [this]() -> Result<int> {
                    if (!generator_for.empty()) {
                        TARN_TRY(auto d, parse_duration(generator_for));
                        generator.run_for = d;
                    }
                    TARN_TRY(generator.day, parse_duration(generator_day));
                    TARN_TRY(generator.late_from, parse_duration(generator_late_from));
                    if (generator.topic.empty()) generator.topic = generator.stream;
                    return run_generator_command(generator);
                });
    load->add_option("--kafka", generator.kafka, "host:port")->required();
    load->add_option("--stream", generator.stream, "clicks, or edits of Wikipedia")
        ->capture_default_str()
        ->check(CLI::IsMember({"clicks", "edits"}));
    load->add_option("--topic", generator.topic, "Topic (default: named as the stream)");
    load->add_option("--day", generator_day, "Time in which the day of edits is replayed")
        ->capture_default_str()
        ->check(duration_error);
    load->add_option("--late", generator.late, "Share of the clicks that is late (default: 0.005)")
        ->check(CLI::Range(0.0, 1.0));
    load->add_option("--late-from", generator_late_from, "A late click is at least so late")
        ->capture_default_str()
        ->check(duration_error);
    load->add_option("--broken", generator.broken, "Share of broken clicks (default: 0.001)")
        ->check(CLI::Range(0.0, 1.0));
    load->add_option("--first-round", generator.first_round,
                     "Number of the first round over the clicks, part of their ids")
        ->check(CLI::Range(0, 999'999));
    load->add_option("--ledger", generator.ledger, "Folder of the ledger of what was acknowledged")
        ->type_name("FOLDER")
        ->required();
    load->add_option("--rate", generator.rate, "Clicks a second")
        ->capture_default_str()
        ->check(CLI::Range(1, 2'000'000));
    load->add_option("--seed", generator.seed, "Seed")->capture_default_str();
    load->add_option("--for", generator_for, "Ends after this time (default: at SIGTERM)")
        ->type_name("TIME")
        ->check(duration_error);
}

void CommandLine::declare_table() {
    auto* table = noun("table", "Tables of the lake.", "tarn table list");
    command(table, "list", "Lists tables.", "tarn table list",
            [this] { return run_table_list(common); });
    command(table, "describe", "Shows a table's columns, files and version.",
            "tarn table describe bronze.clicks",
            [this] { return run_table_describe(common, name); })
        ->add_option("table", name, "schema.table")
        ->required();
    auto* history = command(table, "history", "Lists a table's versions, newest first.",
                            "tarn table history bronze.clicks --limit 5",
                            [this] { return run_table_history(common, name, limit); });
    history->add_option("table", name, "schema.table")->required();
    history->add_option("--limit", limit, "Versions")->capture_default_str()->check(positive_error);
}

void CommandLine::declare_flow() {
    auto* flow = noun("flow", "Flows from topics to tables and views.", "tarn flow list");
    command(flow, "list", "Lists flows with state, epoch and lag.", "tarn flow list",
            [this] { return run_flow_list(common); });
    command(flow, "describe", "Shows a flow's positions, watermark and counts.",
            "tarn flow describe live.clicks_windows",
            [this] { return run_flow_describe(common, name); })
        ->add_option("flow", name, "Name")
        ->required();
    command(flow, "why", "Says in one sentence why a flow does or does not advance.",
            "tarn flow why live.clicks_windows", [this] { return run_flow_why(common, name); })
        ->add_option("flow", name, "Name")
        ->required();
    for (auto* verb : {"pause", "resume"})
        command(flow, verb,
                verb == std::string_view("pause")
                    ? "Stops a flow after its epoch under way."
                    : "Runs a paused flow again, or retries a failed one.",
                fmt::format("tarn flow {} live.clicks_windows", verb),
                [this, verb] { return run_flow_set(common, name, verb); })
            ->add_option("flow", name, "Name")
            ->required();
}

void CommandLine::declare() {
    app.description("Example: tarn up --project shop --data shop-data\n\n" + app.get_description());
    app.set_version_flag("--version", "tarn " + std::string(version()));
    app.require_subcommand(1);

    auto* serve =
        command(&app, "up", "Serves a project: Kafka and HTTP doors, flows, tables, views.",
                "tarn up --project shop --data shop-data", [this] { return run_up(common, up); });
    serve->add_option("--project", up.project, "Project folder, with tarn.yml")
        ->type_name("FOLDER")
        ->each([this](const std::string&) { up.project_given = true; });
    serving_flags(serve, up.flags);

    auto* query =
        command(&app, "sql", "Runs one query over tables and views.",
                "tarn sql \"select count(*) from bronze.clicks\"", [this]() -> Result<int> {
                    if (!timeout.empty()) {
                        TARN_TRY(sql.timeout, parse_duration(timeout));
                    }
                    return run_sql(common, sql);
                });
    query->add_option("query", sql.query, "SQL text, or - for standard input")->required();
    query->add_option("--max-rows", sql.max_rows, "Cuts the result after so many rows")
        ->check(positive_error);
    query->add_option("--timeout", timeout, "Gives up after this time, e.g. 30s")
        ->type_name("TIME")
        ->check(duration_error);

    declare_topic();
    declare_table();
    declare_flow();
    auto* settings = noun("settings", "Settings: flag > TARN_* environment > tarn.yml > default.",
                          "tarn settings list");
    auto* list = command(settings, "list", "Lists all settings with value and source.",
                         "tarn settings list", [this] { return run_settings_list(common, up); });
    list->add_option("--project", up.project, "Project folder")
        ->type_name("FOLDER")
        ->each([this](const std::string&) { up.project_given = true; });
    declare_demo();
    declare_help();
}

void CommandLine::declare_help() {
    auto* check = command(
        &app, "doctor", "Checks what Tarn needs of this machine: what is wrong and what to do.",
        "tarn doctor --data shop-data", [this] { return run_doctor(common, doctor); });
    check->add_option("--project", doctor.project, "Project folder, with tarn.yml")
        ->type_name("FOLDER")
        ->each([this](const std::string&) { doctor.project_given = true; });
    check->add_flag("--quiet", doctor.quiet, "One line if all is well, else what is not");
    serving_flags(check, doctor.flags);

    command(&app, "explain", "Says what the id of an error means and what to do about it.",
            "tarn explain TARN-E0201", [this] { return run_explain(common, name); })
        ->add_option("id", name, "Id, as in the last line of a failed command")
        ->required();
    plain_command(&app, "completion",
                  "Prints a script that makes a shell complete tarn's commands.",
                  "source <(tarn completion bash)",
                  [this]() -> Result<int> {
                      TARN_TRY(auto script, completion_script(describe(app), shell));
                      fmt::print("{}", script);
                      return kExitOk;
                  })
        ->add_option("shell", shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    plain_command(&app, "man", "Prints the manual page.", "tarn man | man -l -",
                  [this]() -> Result<int> {
                      fmt::print("{}", man_page(describe(app)));
                      return kExitOk;
                  });

    auto* docs = noun("docs", "Writes the pages that are made from declarations.",
                      "tarn docs errors --out docs/errors");
    docs->group("");  // for `make docs`, not for users
    auto* pages =
        plain_command(docs, "errors", "Writes docs/errors.", "tarn docs errors --out docs/errors",
                      [this] { return run_docs_errors(docs_folder); });
    auto* reference = plain_command(
        docs, "reference", "Writes docs/reference.",
        "tarn docs reference --project scenarios/q01-clickstream --out docs/reference",
        [this] { return run_docs_reference(describe(app), up.project, docs_folder); });
    reference->add_option("--project", up.project, "Project whose flows have metrics")->required();
    for (auto* sub : {pages, reference})
        sub->add_option("--out", docs_folder, "Folder")->required();
}

}  // namespace tarn::cli
