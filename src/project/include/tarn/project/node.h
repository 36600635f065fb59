#pragma once

// What a file of YAML says, as a tree of plain values with their lines, and errors that say where
// in a project's files something stands.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"

namespace tarn::errors {
extern const ErrorId kProjectValue;
}  // namespace tarn::errors

namespace tarn::project {

struct Place {
    std::string_view file;
    int line = 0;  // from 1
};

// "tarn.yml:12: message".
std::unexpected<Error> wrong(const Place& place, std::string_view message,
                             const ErrorId& id = errors::kProjectValue);

// ": did you mean X?", or what is known when nothing is near.
std::string suggestion(std::string_view word, std::span<const std::string> known);

struct Entry;
struct Node {
    enum class Kind { kNull, kScalar, kList, kMap };
    Kind kind = Kind::kNull;
    int line = 0;
    std::string text;            // of a scalar
    std::vector<Node> items;     // of a list
    std::vector<Entry> entries;  // of a map, in the file's order; no key stands twice
};
struct Entry {
    std::string key;
    int line = 0;
    Node value;
};

// "a map", "a single value", …: as messages name it.
std::string_view to_string(Node::Kind kind);

}  // namespace tarn::project
