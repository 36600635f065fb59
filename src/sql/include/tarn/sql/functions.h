#pragma once

// Scalar functions that other modules lend to an engine's SQL.

#include <functional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// name(VARCHAR) → VARCHAR; NULL stays NULL. The same text must always give the same, valid UTF-8.
// Called from any thread of the engine's, many times a batch.
using TextFunction = std::function<void(std::string_view value, std::string& out)>;
Status register_text_function(Engine& engine, const std::string& name, TextFunction function);

}  // namespace tarn::sql
