// What can go wrong with the command line and running processes. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/demo/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kChildEnded{904, Code::kUnavailable,
    "A process of the demo ended",
    "The server or the producer that `tarn demo` started did not become ready, or ended before "
    "its time.",
    "Its last words stand above the message."};

extern constinit const ErrorId kNoSupervisor{907, Code::kNotFound,
    "No demo runs here",
    "Crashes on demand belong to `tarn demo`, which has a supervisor that starts the server "
    "again. `tarn up` has none.",
    "Run `tarn demo`."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kChildEnded,
    &kNoSupervisor,
};

}  // namespace tarn::errors

namespace tarn::demo {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::demo
