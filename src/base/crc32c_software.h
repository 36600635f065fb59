#pragma once

// CRC32C without the processor's instruction. Private to base; tests compare the two.

#include <cstdint>
#include <string_view>

namespace tarn {

uint32_t crc32c_software(std::string_view bytes, uint32_t seed);

}  // namespace tarn
