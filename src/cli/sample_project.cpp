#include "sample_project.h"

#include <algorithm>

#include <fmt/format.h>

#include "tarn/sql/quote.h"

namespace tarn::cli {
namespace {

constexpr Duration kLeastWatermark = Duration::seconds(10),
                   kMostWatermark = Duration::seconds(86'400);
constexpr Duration kLongSpan = Duration::seconds(2 * 86'400);  // above: windows of an hour

// A type, path or name as YAML takes it inside of braces.
std::string yaml(const std::string& text) {
    const bool plain = std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.';
    });
    const bool word = text == "true" || text == "false" || text == "null" || text == "yes" ||
                      text == "no" || text == "on" || text == "off" || text == "y" || text == "n";
    if (plain && !word && !(text[0] >= '0' && text[0] <= '9')) return text;
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string column_line(const SampleColumn& column) {
    auto value = fmt::format("type: {}", yaml(column.type));
    if (!column.path.empty()) value += fmt::format(", path: {}", yaml(column.path));
    if (!column.unit.empty()) value += fmt::format(", unit: {}", column.unit);
    if (!column.zone.empty()) value += fmt::format(", zone: {}", column.zone);
    if (column.required) value += ", required: true";
    return fmt::format("      {}: {{{}}}{}{}\n", yaml(column.name), value,
                       column.note.empty() ? "" : "  # ", column.note);
}

std::string tarn_yml(const Sample& sample, const SampleNames& names) {
    auto out = fmt::format(
        "# Made by `tarn init` from {} events. Fields that are not declared are "
        "kept in the table's column _extra.\n",
        sample.events);
    if (!sample.left_out.empty()) {
        out += "# Of the sample these are not:";
        for (const auto& field : sample.left_out)
            out += " " + yaml(field);
        out += "\n";
    }
    out += fmt::format("name: {}\n\ntopics:\n  {}:\n    columns:\n", yaml(names.project),
                       yaml(names.topic));
    for (const auto& column : sample.columns)
        out += column_line(column);
    out += fmt::format(
        "    table: {{name: bronze.{}, every: 1s}}\n\n"
        "  # What cannot be read as such an event, with the reason.\n"
        "  {}:\n    dead_letters_of: {}\n"
        "    table: {{name: dead_letters.{}, every: 1s}}\n",
        names.table, yaml(names.topic + ".dead_letters"), yaml(names.topic), names.table);
    if (!sample.event_time.empty())
        out += fmt::format(
            "\n  # What came after its window had ended.\n"
            "  {}:\n    late_of: {}\n    table: {{name: late.{}, every: 1s}}\n",
            yaml(names.topic + ".late"), yaml(names.topic), names.table);
    return out;
}

// How far behind the newest event the others of the sample come.
std::string watermark(const Sample& sample) {
    auto bound = std::clamp(sample.disorder, kLeastWatermark, kMostWatermark);
    constexpr int64_t kSecond = 1'000'000;
    return fmt::format("{}s", (bound.us + kSecond - 1) / kSecond);
}

std::string windows(const Sample& sample, const SampleNames& names) {
    const bool hours = sample.span > kLongSpan;
    auto out = fmt::format(
        "{{{{ config(materialized='materialized_view', watermark='{}', "
        "late='{}.late', retain='{}') }}}}\n\n"
        "-- Each {} while it happens. A window is closed when the newest event is "
        "so far past it as watermark says.\n"
        "select\n    tumble({}, interval '1 {}') as window_start,\n",
        watermark(sample), names.topic, hours ? "365d" : "7d", hours ? "hour" : "minute",
        sql::quoted_name(sample.event_time), hours ? "hour" : "minute");
    if (!sample.group.empty()) out += fmt::format("    {},\n", sql::quoted_name(sample.group));
    out += "    count(*) as events";
    if (!sample.amount.empty())
        out += fmt::format(",\n    sum({}) as {}", sql::quoted_name(sample.amount),
                           sql::quoted_name("sum_of_" + sample.amount));
    return out + fmt::format("\nfrom stream('{}')\ngroup by all\n", names.topic);
}

std::string silver(const Sample& sample, const SampleNames& names) {
    auto out = fmt::format(
        "{{{{ config(materialized='incremental', every='1s', unique_key='{}', event_time='{}',\n"
        "          quarantine='quarantine.{}') }}}}\n\n"
        "-- Each event once. A rule is a column _rejected: a row with a text there goes to the\n"
        "-- quarantine table, as in: case when total < 0 then 'below zero' end as _rejected\n"
        "select\n",
        sample.key, sample.event_time, names.table);
    for (const auto& column : sample.columns)
        out += fmt::format("    {},\n", sql::quoted_name(column.name));
    return out +
           fmt::format("    _partition,\n    _offset\nfrom {{{{ source('bronze', '{}') }}}}\n",
                       names.table);
}

std::string totals(const Sample& sample, const SampleNames& names) {
    auto out = std::string("{{ config(materialized='incremental', every='1s') }}\n\nselect\n");
    if (!sample.group.empty()) out += fmt::format("    {},\n", sql::quoted_name(sample.group));
    out += "    _partition,\n    count(*) as events";
    return out +
           fmt::format("\nfrom {{{{ source('bronze', '{}') }}}}\ngroup by all\n", names.table);
}

}  // namespace

std::map<std::string, std::string> project_of_sample(const Sample& sample,
                                                     const SampleNames& names) {
    std::map<std::string, std::string> out;
    out["tarn.yml"] = tarn_yml(sample, names);
    if (!sample.key.empty() && !sample.event_time.empty())
        out[fmt::format("models/silver/{}.sql", names.table)] = silver(sample, names);
    if (!sample.event_time.empty())
        out[fmt::format("models/live/{}_windows.sql", names.table)] = windows(sample, names);
    else
        out[fmt::format("models/gold/{}_counts.sql", names.table)] = totals(sample, names);
    return out;
}

}  // namespace tarn::cli
