#pragma once

// Commands as rows: `tarn <noun> <verb>` is a row of its noun's file and the object that the row
// makes, which holds the options of one call and runs it. Help, completion, the man page and
// docs/reference/commands.md follow from the rows; `cli` parses and calls
// (src/cli/commands/list.cpp names the nouns). One thread uses all of it.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/host/common.h"

namespace tarn::host {

// An option, a flag or a positional argument.
struct Option {
    // Where what was written goes; it outlives the parse. A bool is a flag; a function is called
    // with the text.
    using Target = std::variant<bool*, std::string*, int32_t*, int64_t*, uint64_t*, double*,
                                std::vector<std::string>*, std::function<void(std::string)>>;
    using Check = std::string (*)(const std::string&);
    template <class T>
    using Bounds = std::pair<T, T>;

    std::string name;  // "--max-rows", or the word of a positional argument
    Target target;
    std::string text;
    std::string value_name;            // "FOLDER"; empty: by its type
    std::vector<std::string> choices;  // all that it may be; empty: anything
    std::variant<std::monostate, Bounds<int64_t>, Bounds<double>> bounds;
    Check wrong = nullptr;  // says what is wrong with a value; empty if nothing is
    bool is_required = false, shows_default = false;
    bool* given_to = nullptr;

    // For a declaration in one sentence.
    Option& required() { return is_required = true, *this; }
    // Help shows the target's value at declaration.
    Option& with_default() { return shows_default = true, *this; }
    Option& value(std::string word) { return value_name = std::move(word), *this; }
    Option& one_of(std::vector<std::string> words) { return choices = std::move(words), *this; }
    Option& between(int64_t least, int64_t most) {
        return bounds = Bounds<int64_t>(least, most), *this;
    }
    Option& share() { return bounds = Bounds<double>(0, 1), *this; }
    Option& check(Check what) { return wrong = what, *this; }
    // Set to true if the option was given.
    Option& says(bool& given) { return given_to = &given, *this; }
};

// Checks of options.
std::string not_a_duration(const std::string& text);  // more than nothing
std::string not_positive(
    const std::string& text);  // what is no number at all is refused by its type

// The options of a command, in the order of their declaration.
class Options {
  public:
    Option& add(std::string name, Option::Target target, std::string text);
    const std::deque<Option>& all() const { return all_; }

  private:
    std::deque<Option> all_;  // references to options stay
};

// One call of a command.
class Command {
  public:
    virtual ~Command() = default;
    virtual void declare(Options&) {}
    // Gives the exit status, or an error that is printed.
    virtual Result<int> run(const Common& common) = 0;
};

template <class T>
std::unique_ptr<Command> make_command() {
    return std::make_unique<T>();
}

struct CommandRow {
    enum class Kind {
        kUsual,   // takes --data and --format beside its own options
        kPlain,   // its own options alone
        kHidden,  // plain, and for our own tools: help does not show it
    };
    std::string_view path;  // "topic list": a row for "topic" stands above it
    std::string_view text, example;
    std::unique_ptr<Command> (*make)() = nullptr;  // none: a noun, whose verb must follow
    Kind kind = Kind::kUsual;
};

}  // namespace tarn::host
