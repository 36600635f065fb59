#pragma once

// YAML as a tree of plain values with lines. yaml-cpp and its exceptions stay in yaml.cpp.

#include <string_view>

#include "tarn/project/node.h"

namespace tarn::project {

// Errors: kInvalidArgument with file and line (syntax, a key twice, keys that are no text, anchors
// nested too deep).
Result<Node> parse_yaml(std::string_view text, std::string_view file);

}  // namespace tarn::project
