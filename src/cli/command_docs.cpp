#include "command_docs.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

namespace tarn::cli {
namespace {

// "TEXT:{text,json,csv}" has the values of CLI::IsMember behind the type's name.
void take_type(const std::string& type, OptionDoc& out) {
    auto open = type.find('{'), close = type.rfind('}');
    out.value = type.substr(0, type.find(':'));
    if (open == type.npos || close == type.npos || close < open) return;
    for (auto at = open + 1; at <= close;) {
        auto end = std::min(type.find(',', at), close);
        out.values.push_back(type.substr(at, end - at));
        at = end + 1;
    }
}

OptionDoc describe(const CLI::Option& option) {
    OptionDoc out;
    bool positional = option.get_positional();
    out.name = positional ? option.get_name(true) : "--" + option.get_lnames().front();
    out.text = option.get_description();
    out.default_value = option.get_default_str();
    out.required = option.get_required();
    if (!positional && option.get_items_expected_max() > 0) take_type(option.get_type_name(), out);
    return out;
}

CommandDoc describe(const CLI::App& app, const std::string& path) {
    CommandDoc out;
    out.path = path;
    auto text = app.get_description();
    auto mark = text.find("Example: ");
    out.text = text.substr(0, mark);
    if (mark != text.npos) {
        auto end = std::min(text.find('\n', mark), text.size());
        out.example = text.substr(mark + 9, end - mark - 9);
        out.text += text.substr(std::min(text.find_first_not_of('\n', end), text.size()));
    }
    out.runs = app.get_require_subcommand_min() == 0;
    out.text.erase(out.text.find_last_not_of('\n') + 1);
    for (auto* option : app.get_options())
        if (!option->get_group().empty() && option != app.get_help_ptr() &&
            (option->get_positional() || !option->get_lnames().empty()))
            out.options.push_back(describe(*option));
    for (auto* below : app.get_subcommands(nullptr))
        if (!below->get_group().empty())
            out.commands.push_back(describe(*below, path + " " + below->get_name()));
    return out;
}

}  // namespace

CommandDoc describe(const CLI::App& app) { return describe(app, app.get_name()); }

std::string CommandDoc::usage() const {
    if (!runs) return path + " COMMAND";
    std::string out = path + " [OPTIONS]";
    for (auto& option : options) {
        if (option.positional())
            out += option.required ? " " + option.name : fmt::format(" [{}]", option.name);
        else if (option.required)
            out += fmt::format(" {} {}", option.name, option.value);
    }
    return out;
}

std::string commands_page(const CommandDoc& root) {
    std::string out = fmt::format("# Commands\n\n{}\n\n", root.text);
    out +=
        "Made by `make docs` from the program's declarations; `tarn COMMAND --help` says the same. "
        "The last line of a\ncommand that fails ends with an id, such as `[TARN-E0201]`: "
        "[errors](errors.md).\n";
    each_command(root, [&](const CommandDoc& command) {
        if (!command.runs) return;
        out += fmt::format("\n## {}\n\n{}\n\n```text\n{}\n```\n\n", command.path, command.text,
                           command.usage());
        out += "| option | | default |\n| --- | --- | --- |\n";
        for (auto& option : command.options)
            out += fmt::format("| `{}{}` | {}{} | {} |\n", option.name,
                               option.value.empty() ? "" : " " + option.value, option.text,
                               option.required ? " (required)" : "",
                               option.default_value.empty() || option.default_value == "\"\""
                                   ? ""
                                   : "`" + option.default_value + "`");
        if (!command.example.empty()) out += fmt::format("\n```text\n{}\n```\n", command.example);
    });
    return out;
}

}  // namespace tarn::cli
