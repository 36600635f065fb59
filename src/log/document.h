#pragma once

// A small file that is always replaced as a whole: topics, producer ids, snapshots.
//
//   document := 0 magic u32 | 4 version u32 | 8 body bytes u64
//             | 16 crc u32 of bytes 0 to 15 and the body | 20 zero u32 | 24 body
//   (little-endian, CRC-32C)

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"

namespace tarn::log {

std::string encode_document(uint32_t magic, uint32_t version, std::string_view body);
// The body. Errors: kCorrupted, kUnsupported (version above `newest`); both name `path`.
Result<std::string> parse_document(std::string_view file, uint32_t magic, uint32_t newest,
                                   std::string_view path);
// nullopt if the file is not there.
Result<std::optional<std::string>> load_document(io::FileSystem& fs, const std::string& path,
                                                 uint32_t magic, uint32_t newest);

}  // namespace tarn::log
