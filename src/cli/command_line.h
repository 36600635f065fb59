#pragma once

// The command line, parsed as the rows of the commands say.

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "command_docs.h"
#include "tarn/host/command.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tarn::cli {

class CommandLine {
  public:
    // A row's parent stands above it. The rows and what they say outlive this object.
    CommandLine(const host::Program& program, std::span<const host::CommandRow> rows);
    ~CommandLine();

    // An exit status if there is nothing to run: help or the version was printed. Call it once.
    // Errors: kUsage, with the nearest word that is known.
    Result<std::optional<int>> parse(std::span<const char* const> arguments);
    // The command that was parsed.
    Result<int> run();
    CommandDoc docs() const;

  private:
    void add(const host::CommandRow& row);
    void add_usual_options(CLI::App& app);
    Error usage_error(std::span<const char* const> arguments, const CLI::ParseError& error) const;

    std::unique_ptr<CLI::App> app_;
    host::Common common_;
    std::string format_ = "text";
    std::vector<std::unique_ptr<host::Command>> commands_;
    host::Command* chosen_ = nullptr;
};

}  // namespace tarn::cli
