#include "reference.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capabilities.h"
#include "commands.h"
#include "platform.h"
#include "project_pages.h"
#include "tarn/host/environment.h"
#include "tarn/host/output.h"
#include "tarn/host/system_table.h"
#include "tarn/project/project.h"
#include "tarn/server/error_ids.h"
#include "tarn/sql/functions.h"

namespace tarn::cli {
namespace {

constexpr std::string_view kMade = "Made by `make docs` from the program's declarations.";

std::string_view type_name(SettingType type) {
    switch (type) {
        case SettingType::kBool:
            return "true or false";
        case SettingType::kInt:
            return "whole number";
        case SettingType::kBytes:
            return "size";
        case SettingType::kDuration:
            return "duration";
        case SettingType::kText:
            return "text";
    }
    return "";
}

std::string code_or_nothing(std::string_view text) {
    return text.empty() ? "" : fmt::format("`{}`", text);
}

std::string bounds_of(const SettingDeclaration& d) {
    auto shown = [&](int64_t n) {
        return d.type == SettingType::kBytes      ? format_bytes(n)
               : d.type == SettingType::kDuration ? format_duration({n})
                                                  : std::to_string(n);
    };
    if (d.min != INT64_MIN && d.max != INT64_MAX)
        return fmt::format(", {} to {}", shown(d.min), shown(d.max));
    if (d.min != INT64_MIN) return fmt::format(", at least {}", shown(d.min));
    if (d.max != INT64_MAX) return fmt::format(", at most {}", shown(d.max));
    return "";
}

std::string settings_page() {
    std::string out =
        "# Settings\n\n" + std::string(kMade) +
        " `tarn settings list` shows each with its value and where it comes from:\na flag (`--set "
        "name=value`) goes before the environment (`TARN_HTTP_PORT` is http.port), that before "
        "`settings:` in\ntarn.yml, that before the default. Sizes are written `64MB` or `2GiB` "
        "(powers of "
        "1024), durations `150ms`, `5s`,\n`2m`, `1h`, `7d`. A change takes effect at the next "
        "start, unless it says otherwise.\n";
    std::string part;
    for (auto& d : program().settings) {
        std::string of(d.name.substr(0, d.name.find('.')));
        if (of != part)
            out += fmt::format(
                "\n## {}\n\n| setting | | default | for example |\n| --- | --- | --- | --- |\n",
                of);
        part = of;
        out += fmt::format("| `{}` | {} ({}{}){}{} | {} | {} |\n", d.name, d.text,
                           type_name(d.type), bounds_of(d), d.secret ? " Never shown." : "",
                           d.needs_restart ? "" : " Takes effect at once.",
                           code_or_nothing(d.default_value), code_or_nothing(d.example));
    }
    return out;
}

std::string metrics_page(const std::vector<MetricDescriptor>& metrics) {
    std::string out = "# Metrics\n\n" + std::string(kMade) +
                      " GET /metrics gives them in Prometheus' text format; the\nlist is what a "
                      "running platform has "
                      "registered.\n\n| metric | | kind | labels |\n| --- | --- | --- | --- |\n";
    for (auto& m : metrics)
        out += fmt::format("| `{}` | {}{} | {} | {} |\n", m.name, m.help,
                           m.help.ends_with('.') ? "" : ".", m.kind, fmt::join(m.labels, ", "));
    return out;
}

std::string system_tables_page() {
    std::string out = "# System tables\n\n" + std::string(kMade) +
                      " What a running process knows of itself, as tables of the schema\n`system`: "
                      "`tarn sql \"select * from system.flows\"`, the page's SQL box and POST "
                      "/api/v1/sql.\n";
    for (const auto& table : all_system_tables()) {
        out += fmt::format("\n## system.{}\n\n{}\n\n| column | type | |\n| --- | --- | --- |\n",
                           table.name, table.text);
        for (const auto& column : table.columns)
            out += fmt::format("| `{}` | {} | {} |\n", column.name, codec::to_string(column.type),
                               column.text);
    }
    return out;
}

std::string sql_functions_page() {
    std::vector<sql::SqlFunction> all;
    for (const auto& capability : capabilities())
        all.insert(all.end(), capability.sql_functions.begin(), capability.sql_functions.end());
    std::ranges::sort(all, {}, &sql::SqlFunction::name);
    std::string out = "# SQL functions\n\n" + std::string(kMade) +
                      " Functions that Tarn adds to DuckDB's, and the\ntable functions that SQL "
                      "from outside (the page, POST /api/v1/sql, `tarn sql`) may call. Of DuckDB's "
                      "scalar\nfunctions it may call all but those that read settings, the "
                      "environment or logs.\n\n| function | | kind | where |\n| --- | --- | --- | "
                      "--- |\n";
    for (const auto& function : all)
        out += fmt::format(
            "| `{}` | {} | {} | {} |\n", function.signature, function.text,
            function.kind == sql::FunctionKind::kTable ? "table" : "scalar",
            function.use == sql::FunctionUse::kAll ? "everywhere" : "the SQL of models");
    return out;
}

std::string error_page(const ErrorId& e) {
    return fmt::format(
        "# {}: {}\n\n{}\n\n## What to do\n\n{}\n\n---\n\nCode `{}`, exit status {}. [All errors]"
        "(README.md)\n",
        to_string(e), e.title, e.cause, e.todo, to_string(e.code), host::exit_code(e.code));
}

std::string errors_index() {
    std::string out =
        "# Errors by id\n\n" + std::string(kMade) +
        " `tarn explain TARN-E0201` prints a page; GET\n/api/v1/errors/TARN-E0201 gives it as "
        "JSON. An id "
        "is never used again for anything else.\n\n| id | | code |\n| --- | --- | --- |\n";
    for (const auto* e : program().errors.all())
        out += fmt::format("| [{0}]({0}.md) | {1} | {2} |\n", to_string(*e), e->title,
                           to_string(e->code));
    return out;
}

std::string codes_page() {
    std::string out = "# Errors\n\n" + std::string(kMade) +
                      " Each error has an id, which [pages](../errors/README.md)\nexplain, and a "
                      "code, which programs act "
                      "on: in JSON as `error.code` beside `error.id`, in logs by the "
                      "field\n`error_id`, and as the exit "
                      "status of a command.\n\n| code | | exit status | again later? |\n| --- | "
                      "--- | --- | --- |\n";
    for (int c = 0; c < kErrorCodeCount; ++c) {
        auto code = ErrorCode(c);
        auto& e = generic_id(code);
        out += fmt::format("| `{}` | {}. | {} | {} |\n", to_string(code), e.title,
                           host::exit_code(code), Error(code, "").retryable() ? "yes" : "no");
    }
    return out;
}

// A metric exists once its part has made it: a platform on a folder that goes again, with the
// project's flows.
Result<std::vector<MetricDescriptor>> metrics_of(const std::string& project_folder,
                                                 const std::string& folder) {
    io::LocalFileSystem fs;
    TARN_TRY(auto project, project::load_project(fs, project_folder, all_sections()));
    TARN_TRY(auto settings,
             host::load_settings(program().settings, {{"kafka.port", "0"}, {"http.port", "0"}},
                                 project.settings));
    auto metrics = [&]() -> Result<std::vector<MetricDescriptor>> {
        TARN_TRY(auto platform, Platform::open(folder, project, settings));
        return platform->metrics().descriptors();
    }();
    TARN_RETURN_IF_ERROR(fs.remove_tree(folder));
    return metrics;
}

}  // namespace

Status write_error_pages(const std::string& out) {
    io::LocalFileSystem fs;
    TARN_RETURN_IF_ERROR(fs.create_folders(out));
    TARN_TRY(auto files, fs.list(out));
    for (auto& file : files)
        if (file.name.starts_with("TARN-E")) TARN_RETURN_IF_ERROR(fs.remove(out + "/" + file.name));
    for (const auto* id : program().errors.all())
        TARN_RETURN_IF_ERROR(
            fs.replace(fmt::format("{}/{}.md", out, to_string(*id)), error_page(*id)));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/README.md", errors_index()));
    return {};
}

Status write_reference(const std::string& project, const std::string& out) {
    io::LocalFileSystem fs;
    TARN_RETURN_IF_ERROR(fs.create_folders(out));
    TARN_TRY(auto metrics, metrics_of(project, out + "/.platform"));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/settings.md", settings_page()));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/metrics.md", metrics_page(metrics)));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/errors.md", codes_page()));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/system-tables.md", system_tables_page()));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/sql-functions.md", sql_functions_page()));
    TARN_RETURN_IF_ERROR(fs.replace(out + "/commands.md", commands_page(command_docs())));
    const auto sections = all_sections();
    TARN_RETURN_IF_ERROR(
        fs.replace(out + "/project.md", project_page(sections, project::model_kinds(), kMade)));
    TARN_RETURN_IF_ERROR(
        fs.replace(out + "/tarn.schema.json", project_schema(sections, program().settings)));
    return {};
}

}  // namespace tarn::cli
