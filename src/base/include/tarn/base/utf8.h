#pragma once

// Which bytes are text: UTF-8 after RFC 3629, without surrogates or overlong forms.

#include <cstddef>
#include <string_view>

namespace tarn {

// Bytes of the character that `s` begins with, 0 if it begins with none.
size_t utf8_length(std::string_view s);
bool valid_utf8(std::string_view s);

}  // namespace tarn
