#include "tarn/cli/cli.h"

#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "capabilities.h"
#include "command_line.h"
#include "commands.h"
#include "tarn/host/output.h"

namespace tarn::errors {
extern const ErrorId kOutputBroken;
}  // namespace tarn::errors

namespace tarn::cli {
namespace {

// A reader who has seen enough (`| head`) is no error worth a word.
int output_failed(int number) {
    if (number == EPIPE) return host::kExitFailed;
    return host::print_error(Error(
        errors::kOutputBroken,
        fmt::format("cannot write standard output: {}", std::generic_category().message(number))));
}

}  // namespace

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    // Whoever looks for a Tarn finds it by this name, also one that was started by a link of /proc.
    prctl(PR_SET_NAME, "tarn");
    CommandLine line(program(), all_commands());
    auto nothing_to_run = line.parse(std::span(argv, size_t(argc)));
    if (!nothing_to_run) return host::print_error(nothing_to_run.error());
    if (*nothing_to_run) return **nothing_to_run;
    // fmt throws when standard output takes no more; what is buffered shows it at the end.
    try {
        auto code = line.run();
        if (!code) return host::print_error(code.error());
        host::flush_output();
        return *code;
    } catch (const std::system_error& error) {
        if (std::ferror(stdout) == 0) throw;
        return output_failed(error.code().value());
    }
}

}  // namespace tarn::cli
