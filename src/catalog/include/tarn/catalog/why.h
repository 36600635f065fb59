#pragma once

#include <string>

#include "tarn/base/time.h"
#include "tarn/flow/runtime.h"

namespace tarn::catalog {

// Why a flow does or does not advance, for a person: one sentence, and what to do (empty: nothing).
struct Why {
    bool advancing = false;
    std::string sentence, todo;
};
Why why(const flow::FlowStatus& flow, Timestamp now);

}  // namespace tarn::catalog
