#pragma once

// Fixed-width integers in memory, and a bounds-checked reader for bytes that came from outside.

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "tarn/base/result.h"

namespace tarn {

using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view s) {
    return std::as_bytes(std::span(s.data(), s.size()));
}
inline std::string_view as_text(ByteView b) {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}

template <class T>
    requires std::is_integral_v<T>
constexpr T byte_swap(T v) {
    if constexpr (sizeof(T) == 1)
        return v;
    else if constexpr (sizeof(T) == 2)
        return T(__builtin_bswap16(uint16_t(v)));
    else if constexpr (sizeof(T) == 4)
        return T(__builtin_bswap32(uint32_t(v)));
    else
        return T(__builtin_bswap64(uint64_t(v)));
}

template <class T>
T load_le(const void* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return std::endian::native == std::endian::little ? v : byte_swap(v);
}
template <class T>
T load_be(const void* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return std::endian::native == std::endian::big ? v : byte_swap(v);
}
template <class T>
void store_le(void* p, std::type_identity_t<T> v) {
    if (std::endian::native != std::endian::little) v = byte_swap(v);
    std::memcpy(p, &v, sizeof v);
}
template <class T>
void store_be(void* p, std::type_identity_t<T> v) {
    if (std::endian::native != std::endian::big) v = byte_swap(v);
    std::memcpy(p, &v, sizeof v);
}

// Appends to a string used as a byte buffer.
class ByteWriter {
  public:
    template <class T>
    void le(std::type_identity_t<T> v) {
        char b[sizeof(T)];
        store_le<T>(b, v);
        out_.append(b, sizeof b);
    }
    template <class T>
    void be(std::type_identity_t<T> v) {
        char b[sizeof(T)];
        store_be<T>(b, v);
        out_.append(b, sizeof b);
    }
    void varint(uint64_t v) {
        for (; v >= 0x80; v >>= 7)
            out_.push_back(char(v | 0x80));
        out_.push_back(char(v));
    }
    void zigzag(int64_t v) { varint((uint64_t(v) << 1) ^ uint64_t(v >> 63)); }
    void raw(std::string_view s) { out_.append(s); }
    void sized(std::string_view s) {
        varint(s.size());
        raw(s);
    }

    size_t size() const { return out_.size(); }
    std::string& buffer() { return out_; }
    std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

// Reads forward through bytes it does not own. The first read past the end, or a malformed varint, makes it not
// ok(); every later read gives zero or empty. Check ok() (or status()) once after a group of reads.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    template <class T>
    T le() {
        auto p = take(sizeof(T));
        return p ? load_le<T>(p) : T(0);
    }
    template <class T>
    T be() {
        auto p = take(sizeof(T));
        return p ? load_be<T>(p) : T(0);
    }
    uint64_t varint() {
        uint64_t v = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            auto p = take(1);
            if (!p) return 0;
            auto b = uint8_t(*p);
            if (shift == 63 && b > 1) break;
            v |= uint64_t(b & 0x7f) << shift;
            if (!(b & 0x80)) return v;
        }
        ok_ = false;
        return 0;
    }
    int64_t zigzag() {
        auto v = varint();
        return int64_t(v >> 1) ^ -int64_t(v & 1);
    }
    std::string_view raw(size_t n) {
        auto p = take(n);
        return p ? std::string_view(p, n) : std::string_view();
    }
    std::string_view sized() {
        auto n = varint();
        if (n > remaining()) {
            ok_ = false;
            return {};
        }
        return raw(size_t(n));
    }
    void fail() { ok_ = false; }

    bool ok() const { return ok_; }
    size_t remaining() const { return ok_ ? size_t(end_ - at_) : 0; }
    const char* position() const { return at_; }
    Status status(std::string_view what) const {
        if (ok_) return {};
        return tarn::fail(ErrorCode::kCorrupted, std::string(what) + " is cut short or malformed");
    }

  private:
    const char* take(size_t n) {
        if (!ok_ || size_t(end_ - at_) < n) {
            ok_ = false;
            return nullptr;
        }
        auto p = at_;
        at_ += n;
        return p;
    }
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

// CRC32C (Castagnoli, RFC 3720 appendix B.4) with the hardware's instruction where there is one. `seed` is the
// crc of what went before, so crc32c(b, crc32c(a)) == crc32c(ab).
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace tarn
