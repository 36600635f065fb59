#pragma once

// The compression codecs of Kafka's record batches, with a bound on what comes out.

#include <cstdint>
#include <string>
#include <string_view>

#include "tarn/base/result.h"

namespace tarn::codec {

// Values are those of the lowest three bits of a record batch's attributes.
enum class Compression : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
Result<Compression> parse_compression(
    std::string_view name);  // "none", "gzip", "snappy", "lz4", "zstd"
std::string_view to_string(Compression c);

// Appends to `out`. Snappy is written in the framing of the Java client ("xerial"), LZ4 as a frame.
Status compress(Compression c, std::string_view in, std::string& out);

// Replaces `out`. Snappy is read with or without framing. Errors: kCorrupted; kResourceExhausted when more than
// limit_bytes would come out (a small batch must not fill the memory).
Status decompress(Compression c, std::string_view in, size_t limit_bytes, std::string& out);

}  // namespace tarn::codec
