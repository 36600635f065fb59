// What can go wrong with views. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/view/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoView{404, Code::kNotFound,
    "There is no such view",
    "No view of this name is kept. Materialized views come from live models of the project.",
    "GET /api/v1/views and the page list them."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoView,
};

}  // namespace tarn::errors

namespace tarn::view {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::view
