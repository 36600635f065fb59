#include "command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capabilities.h"
#include "commands.h"
#include "tarn/base/check.h"
#include "tarn/base/version.h"
#include "tarn/host/error_ids.h"
#include "tarn/host/output.h"

namespace tarn::cli {
namespace {

using host::CommandRow;

CLI::Option* bound(CLI::App& app, const host::Option& option) {
    auto add = [&](const auto& to) {
        using To = std::decay_t<decltype(to)>;
        if constexpr (std::is_same_v<To, bool*>)
            return app.add_flag(option.name, *to, option.text);
        else if constexpr (std::is_pointer_v<To>)
            return app.add_option(option.name, *to, option.text);
        else
            return app.add_option_function<std::string>(option.name, to, option.text);
    };
    return std::visit(add, option.target);
}

void add_option(CLI::App& app, const host::Option& option) {
    auto* out = bound(app, option);
    if (!option.value_name.empty()) out->type_name(option.value_name);
    if (option.is_required) out->required();
    if (option.shows_default) out->capture_default_str();
    if (!option.choices.empty()) out->check(CLI::IsMember(option.choices));
    if (const auto* bounds = std::get_if<host::Option::Bounds<int64_t>>(&option.bounds))
        out->check(CLI::Range(bounds->first, bounds->second));
    if (const auto* bounds = std::get_if<host::Option::Bounds<double>>(&option.bounds))
        out->check(CLI::Range(bounds->first, bounds->second));
    if (option.wrong)
        out->check([wrong = option.wrong](const std::string& text) { return wrong(text); });
    if (auto* given = option.given_to) out->each([given](const std::string&) { *given = true; });
}

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
std::string command_word(std::span<const char* const> arguments, const CLI::App& app,
                         const CLI::App& at) {
    auto place = arguments.begin();
    if (&at != &app)
        place = std::ranges::find(arguments, at.get_name(),
                                  [](const char* word) { return std::string(word); });
    if (place == arguments.end() || ++place == arguments.end()) return "";
    return (*place)[0] == '-' ? "" : *place;
}

}  // namespace

CommandLine::CommandLine(const host::Program& program, std::span<const CommandRow> rows)
    : app_(std::make_unique<CLI::App>(
          "A data platform in one program: event log, lakehouse tables, materialized views, SQL.",
          "tarn")),
      common_{program} {
    app_->description("Example: tarn up --project shop --data shop-data\n\n" +
                      app_->get_description());
    app_->set_version_flag("--version", "tarn " + std::string(version()));
    app_->require_subcommand(1);
    for (const auto& row : rows)
        add(row);
}

CommandLine::~CommandLine() = default;

void CommandLine::add(const CommandRow& row) {
    auto* parent = app_.get();
    std::string word(row.path);
    for (auto space = word.find(' '); space != word.npos; space = word.find(' ')) {
        parent = parent->get_subcommand(word.substr(0, space));
        word.erase(0, space + 1);
    }
    auto* sub = parent->add_subcommand(word, fmt::format("{}\nExample: {}", row.text, row.example));
    if (row.kind == CommandRow::Kind::kHidden) sub->group("");
    if (!row.make) {
        sub->require_subcommand(1);
        return;
    }
    auto* command = commands_.emplace_back(row.make()).get();
    // CLI11 calls a parent's callback after that of its subcommand: a command with commands below
    // it runs only by itself.
    sub->callback([this, sub, command] {
        if (sub->get_subcommands().empty()) chosen_ = command;
    });
    if (row.kind == CommandRow::Kind::kUsual) add_usual_options(*sub);
    host::Options options;
    command->declare(options);
    for (const auto& option : options.all())
        add_option(*sub, option);
}

void CommandLine::add_usual_options(CLI::App& app) {
    host::Options options;
    options.add("--data", &common_.data, "Data folder")
        .with_default()
        .value("FOLDER")
        .says(common_.data_given);
    options.add("--format", &format_, "text, json or csv")
        .with_default()
        .one_of({"text", "json", "csv"});
    for (const auto& option : options.all())
        add_option(app, option);
}

Error CommandLine::usage_error(std::span<const char* const> arguments,
                               const CLI::ParseError& error) const {
    const CLI::App* at = app_.get();
    // Down to the command that was meant, or the first that met a word it does not know.
    while (!at->get_subcommands().empty() && at->remaining().empty())
        at = at->get_subcommands().front();
    std::string path = at->get_name();
    for (const auto* parent = at->get_parent(); parent; parent = parent->get_parent())
        path = parent->get_name() + " " + path;
    std::string text = error.what();
    auto rest = at->remaining();
    if (auto verbs = at->get_subcommands(nullptr);
        !verbs.empty() && at->get_require_subcommand_min() > 0) {
        std::vector<std::string> names;
        for (auto* verb : verbs)
            if (!verb->get_group().empty()) names.push_back(verb->get_name());
        text = fmt::format("a command is missing: one of {}", fmt::join(names, ", "));
        if (auto word = command_word(arguments, *app_, *at); !word.empty()) rest = {word};
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
    return Error(errors::kUsage, fmt::format("{} See: {} --help", text, path));
}

Result<std::optional<int>> CommandLine::parse(std::span<const char* const> arguments) {
    try {
        app_->parse(int(arguments.size()), arguments.data());
    } catch (const CLI::Success& done) {
        return app_->exit(done);  // --help and --version
    } catch (const CLI::ParseError& error) {
        return fail(usage_error(arguments, error));
    }
    TARN_TRY(common_.format, host::parse_format(format_));
    return std::nullopt;
}

Result<int> CommandLine::run() {
    TARN_CHECK(chosen_, "run() follows a parse() that found a command");
    return chosen_->run(common_);
}

CommandDoc CommandLine::docs() const { return describe(*app_); }

CommandDoc command_docs() { return CommandLine(program(), all_commands()).docs(); }

}  // namespace tarn::cli
