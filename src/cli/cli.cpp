#include "tarn/cli/cli.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_line.h"
#include "error_ids.h"

namespace tarn::cli {
namespace {

// What a user who wrote `word` may have meant: a command, or an option if it begins with a dash.
std::string suggestion(const CLI::App& app, const std::string& word) {
    std::vector<std::string> known;
    for (auto* sub : app.get_subcommands(nullptr))
        if (!sub->get_group().empty()) known.push_back(sub->get_name());
    if (word.starts_with("-")) {
        known.clear();
        for (auto* option : app.get_options())
            known.push_back(option->get_name());
    }
    auto near = nearest(word, known);
    return near ? fmt::format(" Did you mean {}?", *near) : "";
}

// The word where a command of `at` should stand; empty where an option or nothing does.
std::string command_word(std::span<char*> arguments, const CLI::App& app, const CLI::App& at) {
    auto place = arguments.begin();
    if (&at != &app)
        place = std::ranges::find(arguments, at.get_name(),
                                  [](char* word) { return std::string(word); });
    if (place == arguments.end() || ++place == arguments.end()) return "";
    return (*place)[0] == '-' ? "" : *place;
}

int usage_error(CommandLine& line, std::span<char*> arguments, const CLI::ParseError& error) {
    CLI::App* at = &line.app;
    // Down to the command that was meant, or the first that met a word it does not know.
    while (!at->get_subcommands().empty() && at->remaining().empty())
        at = at->get_subcommands().front();
    std::string path = at->get_name();
    for (auto* parent = at->get_parent(); parent; parent = parent->get_parent())
        path = parent->get_name() + " " + path;
    std::string text = error.what();
    auto rest = at->remaining();
    if (auto verbs = at->get_subcommands(nullptr);
        !verbs.empty() && at->get_require_subcommand_min() > 0) {
        std::vector<std::string> names;
        for (auto* verb : verbs)
            if (!verb->get_group().empty()) names.push_back(verb->get_name());
        text = fmt::format("a command is missing: one of {}", fmt::join(names, ", "));
        if (auto word = command_word(arguments, line.app, *at); !word.empty()) rest = {word};
    }
    // The first word nobody took says more than what was missed because of it. (They come in an
    // order of the library's own.)
    auto wrong = std::ranges::find_if(rest, [](auto& word) { return word.starts_with("-"); });
    if (wrong == rest.end()) wrong = rest.begin();
    if (wrong != rest.end()) {
        bool command = !wrong->starts_with("-") && !at->get_subcommands(nullptr).empty();
        text = fmt::format("unknown {}: {}.{}",
                           command                   ? "command"
                           : wrong->starts_with("-") ? "option"
                                                     : "argument",
                           *wrong, suggestion(*at, *wrong));
    }
    if (!text.ends_with('?') && !text.ends_with('.')) text += '.';
    return print_error(Error(errors::kUsage, fmt::format("{} See: {} --help", text, path)));
}

Status split_sets(CommandLine& line) {
    for (auto& set : line.sets) {
        auto equal = set.find('=');
        if (equal == std::string::npos)
            return fail(errors::kUsage, fmt::format("--set needs name=value, got: {}", set));
        auto name = set.substr(0, equal);
        line.up.flags[name] = line.demo.flags[name] = line.doctor.flags[name] =
            set.substr(equal + 1);
    }
    return {};
}

// A reader who has seen enough (`| head`) is no error worth a word.
int output_failed(int number) {
    if (number == EPIPE) return kExitFailed;
    return print_error(Error(
        errors::kOutputBroken,
        fmt::format("cannot write standard output: {}", std::generic_category().message(number))));
}

}  // namespace

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CommandLine line;
    line.declare();
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::Success& done) {
        return line.app.exit(done);  // --help and --version
    } catch (const CLI::ParseError& error) {
        return usage_error(line, std::span(argv, size_t(argc)), error);
    }
    auto format = parse_format(line.format);
    if (!format) return print_error(format.error());
    line.common.format = *format;
    if (auto sets = split_sets(line); !sets) return print_error(sets.error());
    // fmt throws when standard output takes no more; what is buffered shows it at the end.
    try {
        auto code = line.action();
        if (!code) return print_error(code.error());
        flush_output();
        return *code;
    } catch (const std::system_error& error) {
        if (std::ferror(stdout) == 0) throw;
        return output_failed(error.code().value());
    }
}

}  // namespace tarn::cli
