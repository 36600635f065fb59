#pragma once

// What memory does to a flow, in words for those who look at it.

#include <string>

#include "tarn/base/memory.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// Empty: nothing. `root`: the process's memory, may be null. Any thread.
std::string shortage_text(const FlowMemory& memory, const MemoryBudget* root, sql::Engine& engine);

}  // namespace tarn::flow
