// Scripts that make shells complete Tarn's command line. Each finds the command under the cursor by
// walking the words before it, and knows its words from tables made here.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_docs.h"
#include "tarn/host/error_ids.h"

namespace tarn::cli {
namespace {

constexpr auto kHelp = "Prints help";

std::string quoted(std::string_view text, std::string_view quote) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\'')
            out += quote;
        else
            out += c;
    }
    return out + "'";
}

// What all three know: the paths of commands, as words in quotes.
std::vector<std::string> paths_of(const CommandDoc& root) {
    std::vector<std::string> paths;
    each_command(root, [&](const CommandDoc& command) {
        if (command.path != root.path) paths.push_back(fmt::format("\"{}\"", command.path));
    });
    return paths;
}

// Calls visit(command, option) for each option that takes a value.
template <class F>
void each_value(const CommandDoc& root, F&& visit) {
    each_command(root, [&](const CommandDoc& command) {
        for (auto& option : command.options)
            if (!option.value.empty()) visit(command, option);
    });
}

std::string bash_script(const CommandDoc& root) {
    std::string values, words;
    each_value(root, [&](const CommandDoc& command, const OptionDoc& option) {
        std::string reply;
        if (!option.values.empty())
            reply = fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))",
                                fmt::join(option.values, " "));
        else if (option.value == "FOLDER" || option.value == "FILE")
            reply = fmt::format(
                "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -{} -- \"$cur\"))",
                option.value == "FILE" ? "f" : "d");
        else
            reply = ":";
        values +=
            fmt::format("        \"{} {}\") {}; return;;\n", command.path, option.name, reply);
    });
    each_command(root, [&](const CommandDoc& command) {
        std::vector<std::string> all;
        for (auto& below : command.commands)
            all.push_back(below.word());
        for (auto& option : command.options)
            if (!option.positional()) all.push_back(option.name);
        all.push_back("--help");
        words += fmt::format("        \"{}\") words=\"{}\";;\n", command.path, fmt::join(all, " "));
    });
    return fmt::format(R"(# bash completion of tarn: source <(tarn completion bash)
_tarn() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" at=tarn words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${{COMP_WORDS[i]}}" in
        {})
            at="$at ${{COMP_WORDS[i]}}";;
        esac
    done
    COMPREPLY=()
    case "$at $prev" in
{}    esac
    case "$at" in
{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _tarn tarn
)",
                       fmt::join(paths_of(root), "|"), values, words);
}

std::string zsh_script(const CommandDoc& root) {
    std::string values, items;
    // _describe cuts an item at its first colon.
    auto item = [](const std::string& word, const std::string& text) {
        return quoted(word + ":" + text.substr(0, text.find('\n')), "'\\''");
    };
    each_value(root, [&](const CommandDoc& command, const OptionDoc& option) {
        auto reply = !option.values.empty()
                         ? fmt::format("compadd -- {}", fmt::join(option.values, " "))
                     : option.value == "FOLDER" ? "_files -/"
                     : option.value == "FILE"   ? "_files"
                                                : "_message " + quoted(option.text, "'\\''");
        values += fmt::format("    (\"{} {}\") {}; return;;\n", command.path, option.name, reply);
    });
    each_command(root, [&](const CommandDoc& command) {
        std::vector<std::string> all;
        for (auto& below : command.commands)
            all.push_back(item(below.word(), below.text));
        for (auto& option : command.options)
            if (!option.positional()) all.push_back(item(option.name, option.text));
        all.push_back(item("--help", kHelp));
        items += fmt::format("    (\"{}\") items=({});;\n", command.path, fmt::join(all, " "));
    });
    return fmt::format(R"(#compdef tarn
# zsh completion of tarn: source <(tarn completion zsh), or a file _tarn on $fpath
_tarn() {{
    local at=tarn prev="${{words[CURRENT-1]}}" word
    local -a items
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        case "$at $word" in
        ({}) at="$at $word";;
        esac
    done
    case "$at $prev" in
{}    esac
    case "$at" in
{}    esac
    _describe 'tarn' items
}}
if [[ "$funcstack[1]" = _tarn ]]; then
    _tarn "$@"
elif (( $+functions[compdef] )); then
    compdef _tarn tarn
fi
)",
                       fmt::join(paths_of(root), "|"), values, items);
}

std::string fish_script(const CommandDoc& root) {
    std::string lines;
    auto text_of = [](const std::string& text) {
        return quoted(text.substr(0, text.find('\n')), "\\'");
    };
    each_command(root, [&](const CommandDoc& command) {
        auto start = fmt::format("complete -c tarn -n '__tarn_at \"{}\"'", command.path);
        for (auto& below : command.commands)
            lines += fmt::format("{} -a {} -d {}\n", start, below.word(), text_of(below.text));
        lines += fmt::format("{} -l help -d {}\n", start, text_of(std::string(kHelp)));
        for (auto& option : command.options) {
            if (option.positional()) continue;
            std::string how;
            if (!option.values.empty())
                how = fmt::format(" -x -a '{}'", fmt::join(option.values, " "));
            else if (option.value == "FOLDER")
                how = " -x -a '(__fish_complete_directories)'";
            else if (option.value == "FILE")
                how = " -r -F";
            else if (!option.value.empty())
                how = " -x";
            lines += fmt::format("{} -l {}{} -d {}\n", start, option.name.substr(2), how,
                                 text_of(option.text));
        }
    });
    return fmt::format(R"(# fish completion of tarn: tarn completion fish | source
function __tarn_at
    set -l at tarn
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" {}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c tarn -f
{})",
                       fmt::join(paths_of(root), " "), lines);
}

}  // namespace

Result<std::string> completion_script(const CommandDoc& root, std::string_view shell) {
    if (shell == "bash") return bash_script(root);
    if (shell == "zsh") return zsh_script(root);
    if (shell == "fish") return fish_script(root);
    return fail(
        errors::kUsage,
        fmt::format("no completion for this shell; there is bash, zsh and fish: {}", shell));
}

}  // namespace tarn::cli
