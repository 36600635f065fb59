#include "tarn/project/node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tarn/base/settings.h"

namespace tarn::project {

std::unexpected<Error> wrong(const Place& place, std::string_view message, const ErrorId& id) {
    return fail(id, fmt::format("{}:{}: {}", place.file, place.line, message));
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
    if (auto near = nearest(word, known)) return fmt::format(": did you mean {}?", *near);
    if (known.empty()) return "";
    return fmt::format(": known are {}", fmt::join(known, ", "));
}

std::string_view to_string(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::kNull:
            return "nothing";
        case Node::Kind::kScalar:
            return "a single value";
        case Node::Kind::kList:
            return "a list";
        case Node::Kind::kMap:
            return "a map";
    }
    return "";
}

}  // namespace tarn::project
