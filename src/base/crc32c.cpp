// CRC32C, reflected polynomial 0x82f63b78. The crc32 instruction has a latency of three cycles and
// a throughput of one, so long input is cut into three streams whose crcs are joined: the crc of a
// stream followed by n zero bytes is a linear function of it (a 32×32 matrix over GF(2), here as
// four tables of 256), see Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32
// Instruction", Intel 2011.

#include "crc32c_software.h"

#include <array>

#include "tarn/base/bytes.h"

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace tarn {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;

using Table = std::array<uint32_t, 256>;

// kSlices[k][b]: the crc of byte b followed by k zero bytes.
constexpr std::array<Table, 8> make_slices() {
    std::array<Table, 8> t{};
    for (uint32_t b = 0; b < 256; ++b) {
        uint32_t c = b;
        for (int i = 0; i < 8; ++i)
            c = c & 1 ? (c >> 1) ^ kPolynomial : c >> 1;
        t[0][b] = c;
    }
    for (size_t k = 1; k < 8; ++k)
        for (size_t b = 0; b < 256; ++b)
            t[k][b] = (t[k - 1][b] >> 8) ^ t[0][t[k - 1][b] & 0xff];
    return t;
}
constexpr auto kSlices = make_slices();

#ifdef __SSE4_2__

// A linear map of 32 bits: column i is the image of bit i.
using Matrix = std::array<uint32_t, 32>;

constexpr uint32_t apply(const Matrix& m, uint32_t v) {
    uint32_t sum = 0;
    for (size_t i = 0; v; v >>= 1, ++i)
        if (v & 1) sum ^= m[i];
    return sum;
}

// Tables of the map "append 2^log2_bytes zero bytes", one for each byte of the crc.
constexpr std::array<Table, 4> make_shift(int log2_bytes) {
    Matrix m{};
    for (size_t i = 0; i < 32; ++i)
        m[i] = i == 0 ? kPolynomial : uint32_t(1) << (i - 1);  // one zero bit
    for (int k = 0; k < log2_bytes + 3; ++k) {
        Matrix squared{};
        for (size_t i = 0; i < 32; ++i)
            squared[i] = apply(m, m[i]);
        m = squared;
    }
    std::array<Table, 4> t{};
    for (size_t byte = 0; byte < 4; ++byte)
        for (uint32_t v = 0; v < 256; ++v)
            t[byte][v] = apply(m, v << (8 * byte));
    return t;
}

constexpr int kLongLog2 = 12, kShortLog2 = 8;
constexpr auto kLongShift = make_shift(kLongLog2);
constexpr auto kShortShift = make_shift(kShortLog2);

uint32_t shift(const std::array<Table, 4>& t, uint32_t crc) {
    return t[0][crc & 0xff] ^ t[1][crc >> 8 & 0xff] ^ t[2][crc >> 16 & 0xff] ^ t[3][crc >> 24];
}

// Consumes three adjacent streams of 2^kLog2 bytes each.
template <int kLog2>
uint32_t three_streams(const char*& p, uint32_t crc, const std::array<Table, 4>& table) {
    constexpr size_t kStream = size_t(1) << kLog2;
    uint64_t a = crc, b = 0, c = 0;
    for (size_t i = 0; i < kStream; i += 8) {
        a = _mm_crc32_u64(a, load_le<uint64_t>(p + i));
        b = _mm_crc32_u64(b, load_le<uint64_t>(p + i + kStream));
        c = _mm_crc32_u64(c, load_le<uint64_t>(p + i + 2 * kStream));
    }
    p += 3 * kStream;
    return shift(table, shift(table, uint32_t(a)) ^ uint32_t(b)) ^ uint32_t(c);
}

#endif

}  // namespace

uint32_t crc32c_software(std::string_view bytes, uint32_t seed) {
    uint32_t crc = ~seed;
    const char* p = bytes.data();
    size_t n = bytes.size();
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v = load_le<uint64_t>(p) ^ crc;
        crc = kSlices[7][v & 0xff] ^ kSlices[6][v >> 8 & 0xff] ^ kSlices[5][v >> 16 & 0xff] ^
              kSlices[4][v >> 24 & 0xff] ^ kSlices[3][v >> 32 & 0xff] ^ kSlices[2][v >> 40 & 0xff] ^
              kSlices[1][v >> 48 & 0xff] ^ kSlices[0][v >> 56];
    }
    for (; n; --n, ++p)
        crc = (crc >> 8) ^ kSlices[0][(crc ^ uint8_t(*p)) & 0xff];
    return ~crc;
}

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
#ifdef __SSE4_2__
    uint32_t crc = ~seed;
    const char* p = bytes.data();
    const char* end = p + bytes.size();
    while (size_t(end - p) >= size_t(3) << kLongLog2)
        crc = three_streams<kLongLog2>(p, crc, kLongShift);
    while (size_t(end - p) >= size_t(3) << kShortLog2)
        crc = three_streams<kShortLog2>(p, crc, kShortShift);
    uint64_t wide = crc;
    for (; end - p >= 8; p += 8)
        wide = _mm_crc32_u64(wide, load_le<uint64_t>(p));
    crc = uint32_t(wide);
    for (; p < end; ++p)
        crc = _mm_crc32_u8(crc, uint8_t(*p));
    return ~crc;
#else
    return crc32c_software(bytes, seed);
#endif
}

}  // namespace tarn
