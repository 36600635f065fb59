#pragma once

// Every command, option and flag, declared once: what is parsed, and what help, completion, the man page and
// docs/reference/commands.md are made from.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "commands.h"

namespace tarn::cli {

using Action = std::function<Result<int>()>;

// The options live here as long as the parse and the action.
struct CommandLine {
    CLI::App app{"A data platform in one program: event log, lakehouse tables, live views, SQL.",
                 "tarn"};
    Common common;
    std::string format = "text";
    UpOptions up;
    SqlOptions sql;
    TopicCreateOptions topic_create;
    TopicProduceOptions produce;
    TopicConsumeOptions consume;
    DoctorOptions doctor;
    DemoOptions demo;
    GeneratorCommand generator;
    TraceOptions trace;
    std::string name, run_for, generator_for, timeout, shell, docs_folder;
    std::string generator_day = "5m", generator_late_from = "1s", trace_timeout = "10s";
    int64_t limit = 20;
    int32_t partition = -1;
    bool dry_run = false, no_browser = false;
    std::vector<std::string> sets;
    Action action;

    void declare();

  private:
    CLI::App* command(CLI::App* parent, const std::string& verb, const std::string& text,
                      const std::string& example, Action run);
    // One without a data folder and a format.
    CLI::App* plain_command(CLI::App* parent, const std::string& verb, const std::string& text,
                            const std::string& example, Action run);
    CLI::App* noun(const std::string& word, const std::string& text, const std::string& example);
    void serving_flags(CLI::App* sub, Settings::Values& flags);
    void declare_topic();
    void declare_table();
    void declare_flow();
    void declare_demo();
    void declare_help();
    void declare_trace(CLI::App* demo_command);
    void declare_generator();
};

}  // namespace tarn::cli
