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

extern constinit const ErrorId kViewKey{415, Code::kUnsupported,
    "A nested value cannot be the key of a view",
    "The rows of a view are found by their key, and a struct, list or map has no order to find it "
    "by. The live model groups by one.",
    "Group by a field of it (`customer.id`), or by its text (`items::VARCHAR`)."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoView,
    &kViewKey,
};

}  // namespace tarn::errors

namespace tarn::view {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::view
