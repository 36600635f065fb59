#pragma once

// What a person is shown of bytes: their text, if they are one, and not more of it than a page
// takes.

#include <cstdint>
#include <string>
#include <string_view>

namespace tarn::catalog {

struct Payload {
    std::string_view encoding;  // "json", "text" or "base64"
    std::string text;           // of the first 16 KiB at most
    size_t bytes = 0;           // of the whole
    bool truncated = false;
};
Payload payload_of(std::string_view bytes);

}  // namespace tarn::catalog
