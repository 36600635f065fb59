#include "sample_project.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tarn/base/utf8.h"
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

// A field's name in a comment: on one line, and not too long.
std::string commented(std::string name) {
    constexpr size_t kMost = 60;
    const bool is_long = name.size() > kMost;
    while (name.size() > kMost || !valid_utf8(name))
        name.pop_back();
    if (is_long) name += "…";
    if (is_plain_text(name)) return yaml(name);
    std::string out = "\"";
    for (char c : name)
        out += c < 0x20 || c > 0x7e ? fmt::format("\\x{:02x}", uint8_t(c)) : std::string(1, c);
    return out + "\"";
}

// The name, with a number behind it if it is one of `taken`, to which it is added.
std::string new_name(const std::string& wanted, std::set<std::string>& taken) {
    auto lower = [](std::string text) {
        for (char& c : text)
            if (c >= 'A' && c <= 'Z') c = char(c + 32);
        return text;
    };
    auto out = wanted;
    auto is_taken = [&](const std::string& other) { return lower(other) == lower(out); };
    for (int n = 2; std::ranges::any_of(taken, is_taken); ++n)
        out = fmt::format("{}_{}", wanted, n);
    taken.insert(out);
    return out;
}

std::set<std::string> names_of(const Sample& sample) {
    std::set<std::string> out;
    for (const auto& column : sample.columns)
        out.insert(column.name);
    return out;
}

std::string tarn_yml(const Sample& sample, const SampleNames& names) {
    auto out = fmt::format(
        "# Made by `tarn init` from {} events. Fields of an event that are not declared are kept "
        "in "
        "the table's column _extra;\n# fields inside of a struct<…> that are not declared are left "
        "out: the type json, or map<text, …>, keeps all.\n",
        sample.events);
    if (!sample.left_out.empty()) {
        out += "# Of the sample these are not:";
        for (const auto& field : sample.left_out)
            out += " " + commented(field);
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
    auto taken = names_of(sample);
    auto out = fmt::format(
        "{{{{ config(materialized='materialized_view', watermark='{}', "
        "late='{}.late', retain='{}') }}}}\n\n"
        "-- Each {} while it happens. A window is closed when the newest event is "
        "so far past it as watermark says.\n"
        "select\n    tumble({}, interval '1 {}') as {},\n",
        watermark(sample), names.topic, hours ? "365d" : "7d", hours ? "hour" : "minute",
        sql::quoted_name(sample.event_time), hours ? "hour" : "minute",
        new_name("window_start", taken));
    if (!sample.group.empty()) out += fmt::format("    {},\n", sql::quoted_name(sample.group));
    out += "    count(*) as " + new_name("events", taken);
    if (!sample.amount.empty())
        out += fmt::format(",\n    sum({}) as {}", sql::quoted_name(sample.amount),
                           sql::quoted_name(new_name("sum_of_" + sample.amount, taken)));
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
    auto taken = names_of(sample);
    out += "    _partition,\n    count(*) as " + new_name("events", taken);
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
