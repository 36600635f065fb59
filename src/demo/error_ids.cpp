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

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kChildEnded,
};

}  // namespace tarn::errors

namespace tarn::demo {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::demo
