#pragma once

// Where in a project's files something stands, and errors that say it.

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/project/error_ids.h"

namespace tarn::project {

struct Place {
    std::string_view file;
    int line = 0;  // from 1
};

inline std::unexpected<Error> wrong(const Place& place, std::string_view message,
                                    const ErrorId& id = errors::kProjectValue) {
    return fail(id, fmt::format("{}:{}: {}", place.file, place.line, message));
}

// ": did you mean X?", or what is known when nothing is near.
inline std::string suggestion(std::string_view word, std::span<const std::string> known) {
    if (auto near = nearest(word, known)) return fmt::format(": did you mean {}?", *near);
    if (known.empty()) return "";
    return fmt::format(": known are {}", fmt::join(known, ", "));
}

}  // namespace tarn::project
