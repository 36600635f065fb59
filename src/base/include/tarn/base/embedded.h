#pragma once

// A file that was linked into the program by tarn_embed() of cmake/TarnEmbed.cmake.

#include <string_view>

namespace tarn {

struct EmbeddedFile {
    std::string_view path;   // relative, '/'-separated
    std::string_view bytes;  // lives as long as the program
};

}  // namespace tarn
