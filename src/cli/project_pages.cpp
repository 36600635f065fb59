#include "project_pages.h"

#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "tarn/codec/payload_format.h"

namespace tarn::cli {
namespace {

using Json = nlohmann::ordered_json;
using project::Form;
using project::Key;

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

std::string form_of(const Key& key) {
    switch (key.form) {
        case Form::kText: {
            if (!key.choices) return "text";
            std::string out;
            for (const auto& choice : key.choices())
                out += (out.empty() ? "" : " or ") + code(choice);
            return out;
        }
        case Form::kInteger:
            return fmt::format("whole number, {} to {}", key.min, key.max);
        case Form::kBoolean:
            return "true or false";
        case Form::kDuration:
            return key.min <= 0 ? "duration" : "duration, at least " + format_duration({key.min});
        case Form::kBytes:
            return "size";
        case Form::kTexts:
            return "list of words";
        case Form::kMap:
            return "map";
        case Form::kNamed:
            return fmt::format("map, a name for each {}", key.one);
        case Form::kAny:
            return "map";
    }
    return "";
}

// A line for each key, and for those within it.
void add_rows(std::string& out, const std::string& prefix, std::span<const Key> keys) {
    for (const auto& key : keys) {
        auto path = prefix + std::string(key.name);
        auto or_word = key.word.empty() ? "" : fmt::format(" or `{}`", key.word);
        auto old = key.old_name.empty() ? "" : fmt::format("; old name `{}`", key.old_name);
        out += fmt::format("| `{}` | {} ({}{}{}) | {} | {} |\n", path, key.text, form_of(key),
                           or_word, old, code(key.default_value), code(key.example));
        auto below = key.form == Form::kNamed ? fmt::format("{}.<{}>.", path, key.one) : path + ".";
        add_rows(out, below, key.keys);
    }
}

constexpr std::string_view kRowsHead =
    "| key | | default | for example |\n| --- | --- | --- | --- |\n";

Json scalar(Form form, std::string_view text) {
    if (form == Form::kBoolean) return text == "true";
    if (form != Form::kInteger) return text;
    int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

Json durations(std::string_view word) {
    auto or_word = word.empty() ? "" : fmt::format("|{}", word);
    return {{"type", {"string", "integer"}},
            {"pattern", fmt::format("^([0-9]+(us|ms|s|m|h|d)|0{})$", or_word)},
            {"minimum", 0},
            {"maximum", 0}};
}

Json sizes() {
    return {{"type", {"string", "integer"}},
            {"pattern", "^[0-9]+([bB]|[kKmMgGtT]([iI]?[bB])?)?$"},
            {"minimum", 0}};
}

Json map_schema(std::span<const Key> keys);

// A map, or the value of one key of it alone.
Json or_alone(Json map, const Key& key);

Json texts_of(const Key& key) {
    if (key.choices) return {{"enum", key.choices()}};
    if (key.rule) return {{"type", "string"}, {"pattern", key.rule->pattern}};
    return {{"type", {"string", "number", "boolean"}}};  // what YAML makes of a word such as 2026
}

Json form_schema(const Key& key) {
    switch (key.form) {
        case Form::kText:
            return texts_of(key);
        case Form::kInteger:
            return {{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}};
        case Form::kBoolean:
            return {{"type", "boolean"}};
        case Form::kDuration:
            return durations(key.word);
        case Form::kBytes:
            return sizes();
        case Form::kTexts:
            return {{"type", "array"}, {"items", {{"type", "string"}}}};
        case Form::kMap:
            return or_alone(map_schema(key.keys), key);
        case Form::kNamed: {
            Json named = {{"type", {"object", "null"}}};
            if (key.rule) named["propertyNames"] = {{"pattern", key.rule->pattern}};
            named["additionalProperties"] = or_alone(map_schema(key.keys), key);
            return named;
        }
        case Form::kAny:
            return {{"type", {"object", "null"}}};
    }
    return {};
}

Json key_schema(const Key& key) {
    Json out = {{"description", key.text}};
    out.update(form_schema(key));
    bool single = key.form != Form::kTexts && key.keys.empty();
    if (single && !key.default_value.empty()) out["default"] = scalar(key.form, key.default_value);
    if (single && !key.example.empty()) out["examples"] = {scalar(key.form, key.example)};
    return out;
}

Json map_schema(std::span<const Key> keys) {
    Json properties = Json::object(), not_both = Json::array();
    for (const auto& key : keys) {
        properties[std::string(key.name)] = key_schema(key);
        if (key.old_name.empty()) continue;
        auto& old = properties[std::string(key.old_name)] = key_schema(key);
        old["description"] = fmt::format("The old name of `{}`.", key.name);
        old["deprecated"] = true;
        not_both.push_back({{"not", {{"required", {key.name, key.old_name}}}}});
    }
    Json out = {
        {"type", {"object", "null"}}, {"properties", properties}, {"additionalProperties", false}};
    if (!not_both.empty()) out["allOf"] = not_both;
    return out;
}

Json or_alone(Json map, const Key& key) {
    if (key.alone.empty()) return map;
    for (const auto& one : key.keys)
        if (one.name == key.alone) return {{"anyOf", {form_schema(one), std::move(map)}}};
    return map;
}

Json setting_schema(const SettingDeclaration& d) {
    Json out = {{"description", d.text}};
    switch (d.type) {
        case SettingType::kBool:
            out["type"] = "boolean";
            break;
        case SettingType::kInt:
            out["type"] = "integer";
            if (d.min != INT64_MIN) out["minimum"] = d.min;
            if (d.max != INT64_MAX) out["maximum"] = d.max;
            break;
        case SettingType::kBytes:
            out.update(sizes());
            break;
        case SettingType::kDuration:
            out.update(durations(""));
            break;
        case SettingType::kText:
            out["type"] = {"string", "number", "boolean"};
            break;
    }
    return out;
}

// Names with dots, or maps within each other at any of the dots.
Json settings_schema(const std::map<std::string, const SettingDeclaration*>& settings) {
    Json properties = Json::object();
    std::map<std::string, std::map<std::string, const SettingDeclaration*>> below;
    for (const auto& [name, declaration] : settings) {
        properties[name] = setting_schema(*declaration);
        for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
            below[name.substr(0, dot)][name.substr(dot + 1)] = declaration;
    }
    for (const auto& [prefix, rest] : below)
        properties[prefix] = settings_schema(rest);
    return {
        {"type", {"object", "null"}}, {"properties", properties}, {"additionalProperties", false}};
}

std::string formats_part() {
    std::string out =
        "\n## Payload formats\n\nWhat `format` of a topic may be.\n\n| format | |\n"
        "| --- | --- |\n";
    for (const auto& format : codec::payload_formats())
        out += fmt::format("| `{}` | {} |\n", format.name, format.text);
    return out;
}

std::string kinds_part(std::span<const project::ModelKind> kinds) {
    std::string out =
        "\n## Models\n\nA model is a file `models/<schema>/<name>.sql`: SQL with one `{{ config(…) "
        "}}` in front, whose `materialized` says its kind.\n";
    for (const auto& kind : kinds) {
        auto old = kind.old_name.empty() ? "" : fmt::format(" Old name: `{}`.", kind.old_name);
        out += fmt::format("\n### materialized='{}'\n\n{}{}\n\n```sql\n{}```\n\n{}", kind.name,
                           kind.text, old, kind.example, kRowsHead);
        add_rows(out, "", kind.keys);
        if (kind.strategies.empty()) continue;
        out +=
            "\nHow it is kept follows from its SQL:\n\n| strategy | | has no use for |\n"
            "| --- | --- | --- |\n";
        for (const auto& strategy : kind.strategies) {
            std::vector<std::string> without;
            for (auto key : strategy.without)
                without.push_back(code(key));
            out += fmt::format("| {} | {} | {} |\n", strategy.name, strategy.text,
                               fmt::join(without, ", "));
        }
    }
    return out;
}

}  // namespace

std::string project_page(std::span<const project::Section> sections,
                         std::span<const project::ModelKind> kinds, std::string_view made) {
    std::string out = fmt::format(
        "# What stands in a project\n\n{} A project is a folder with tarn.yml and "
        "models/**/*.sql.\n"
        "A key that is not listed here is refused, and the message names the nearest known one. "
        "Durations are written `150ms`,\n`5s`, `2m`, `1h`, `7d`, sizes `64MB` or `2GiB` (powers of "
        "1024).\n\nEditors check tarn.yml and propose keys by "
        "[tarn.schema.json](tarn.schema.json), "
        "which says the same: with the YAML\nlanguage server, a first line `# "
        "yaml-language-server: $schema=<path of it>`.\n\n## tarn.yml\n",
        made);
    for (const auto& section : sections) {
        const auto& key = section.key;
        out += fmt::format("\n### {}\n\n{}\n", key.name, key.text);
        if (!section.example.empty()) out += fmt::format("\n```yaml\n{}```\n", section.example);
        if (key.form == Form::kNamed)
            out += fmt::format("\nEach {} has a name, and under it:\n", key.one);
        if (key.form == Form::kAny) continue;
        out += fmt::format("\n{}", kRowsHead);
        if (key.keys.empty())
            add_rows(out, "", {&key, 1});
        else
            add_rows(out, "", key.keys);
    }
    return out + formats_part() + kinds_part(kinds);
}

std::string project_schema(std::span<const project::Section> sections,
                           std::span<const SettingDeclaration> settings) {
    std::vector<Key> keys;
    for (const auto& section : sections)
        keys.push_back(section.key);
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "tarn.yml"},
                   {"description",
                    "A project of Tarn. Made by `make docs` from the program's "
                    "declarations."}};
    schema.update(map_schema(keys));
    std::map<std::string, const SettingDeclaration*> declared;
    for (const auto& setting : settings)
        declared.emplace(setting.name, &setting);
    if (auto it = schema["properties"].find("settings"); it != schema["properties"].end())
        it->update(settings_schema(declared));
    return schema.dump(2) + "\n";
}

}  // namespace tarn::cli
