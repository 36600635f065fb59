#pragma once

// What memory does to a flow, in words for those who look at it.

#include <string>

#include "tarn/base/memory.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// Empty: nothing. `root`: the process's memory, may be null. Any thread.
std::string shortage_text(const FlowMemory& memory, const MemoryBudget* root, sql::Engine& engine);

// An error for want of memory says what the flows' SQL holds; others stay as they are.
Error with_holders(const Error& error, sql::Engine& engine);

}  // namespace tarn::flow
