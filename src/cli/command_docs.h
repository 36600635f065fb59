#pragma once

// The command line as data, read from its declarations, and what is made of it: help for shells,
// the man page and docs/reference/commands.md.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"

namespace CLI {
class App;
}

namespace tarn::cli {

struct OptionDoc {
    std::string name;   // "--data", or a positional's word, e.g. "topic"
    std::string value;  // what it takes, e.g. "FOLDER"; empty for a flag and a positional
    std::vector<std::string> values;  // all that it may be, where that is known
    std::string text;
    std::string default_value;
    bool required = false;
    bool positional() const { return !name.starts_with("-"); }
};

// Hidden commands and options are left out.
struct CommandDoc {
    std::string path;  // "tarn topic list"
    std::string text, example;
    std::vector<OptionDoc> options;
    std::vector<CommandDoc> commands;
    bool runs = true;  // by itself; false: one of `commands` must follow
    std::string word() const { return path.substr(path.rfind(' ') + 1); }
    // "tarn topic describe [OPTIONS] topic"
    std::string usage() const;
};
CommandDoc describe(const CLI::App& app);

// Calls visit(command) for the command and all below it, in the order of their declaration.
template <class F>
void each_command(const CommandDoc& command, F&& visit) {
    visit(command);
    for (auto& below : command.commands)
        each_command(below, visit);
}

// A script that makes the shell complete commands, options and their values. Errors: kUsage (not
// bash, zsh or fish).
Result<std::string> completion_script(const CommandDoc& root, std::string_view shell);
// tarn(1) in roff, man(7).
std::string man_page(const CommandDoc& root);
std::string commands_page(const CommandDoc& root);

}  // namespace tarn::cli
