// Decompression: never more than the limit, and what came out survives a round trip. Input: a byte
// that chooses the codec, then the compressed bytes.

#include <cstdlib>

#include "tarn/codec/compression.h"

using namespace tarn::codec;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kLimit = 1 << 20;
    if (size == 0) return 0;
    auto codec = Compression(data[0] % 5);
    std::string_view packed(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string out, again, back;
    if (!decompress(codec, packed, kLimit, out)) return 0;
    if (out.size() > kLimit) std::abort();
    if (!compress(codec, out, again) || !decompress(codec, again, kLimit, back) || back != out)
        std::abort();
    return 0;
}
