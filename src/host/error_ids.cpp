// What can go wrong with the command line and running processes. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/host/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kUsage{101, Code::kInvalidArgument,
    "The command line is wrong",
    "A command, option or argument is unknown, missing, or has a value that it cannot have.",
    "`tarn COMMAND --help` shows what a command takes. `tarn completion bash` makes the shell "
    "know it."};

extern constinit const ErrorId kOutputBroken{213, Code::kIo,
    "The output could not be written",
    "Standard output, or the file it goes to, took no more: the disk is full, or the program at "
    "the other end of the pipe is gone.",
    "What was printed is not whole: run it again with the output going elsewhere."};

extern constinit const ErrorId kNotRunning{901, Code::kNotFound,
    "No Tarn is running on this data folder",
    "The command needs the process that serves the folder, and there is none.",
    "Start it: `tarn up --project FOLDER --data FOLDER`. If it runs, give its folder with "
    "`--data`."};

extern constinit const ErrorId kNoAnswer{902, Code::kUnavailable,
    "The running Tarn did not answer",
    "The process that serves the folder is there, but its HTTP listener gave no answer.",
    "Try again in a moment; if it stays, look at the log of that process."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kUsage,
    &kOutputBroken,
    &kNotRunning,
    &kNoAnswer,
};

}  // namespace tarn::errors

namespace tarn::host {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::host
