#include "tarn/base/ids.h"

#include <bit>
#include <random>

#include "tarn/base/bytes.h"
#include "tarn/base/check.h"

namespace tarn {

Random::Random(uint64_t seed) {
    // splitmix64, as the authors of xoshiro advise for filling the state.
    for (auto& word : state_) {
        seed += 0x9e3779b97f4a7c15;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        word = z ^ (z >> 31);
    }
}

uint64_t Random::next() {
    uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

uint64_t Random::below(uint64_t n) {
    TARN_DCHECK(n > 0, "below(0)");
    // Values under 2^64 mod n are drawn again, so that every remainder is equally likely.
    uint64_t skip = -n % n;
    for (;;) {
        uint64_t v = next();
        if (v >= skip) return v % n;
    }
}

uint64_t entropy_seed() {
    std::random_device device;
    return uint64_t(device()) << 32 ^ device();
}

Uuid Uuid::make(Random& random) {
    Uuid id;
    store_be<uint64_t>(id.bytes.data(), random.next());
    store_be<uint64_t>(id.bytes.data() + 8, random.next());
    id.bytes[6] = uint8_t((id.bytes[6] & 0x0f) | 0x40);
    id.bytes[8] = uint8_t((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

Result<Uuid> Uuid::parse(std::string_view text) {
    auto bad = [&] {
        return fail(ErrorCode::kInvalidArgument, "not a UUID: \"" + std::string(text) + "\"");
    };
    auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.size() != 36) return bad();
    Uuid id;
    size_t at = 0;
    for (size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (text[at++] != '-') return bad();
        int high = digit(text[at]), low = digit(text[at + 1]);
        if (high < 0 || low < 0) return bad();
        id.bytes[i] = uint8_t(high << 4 | low);
        at += 2;
    }
    return id;
}

std::string Uuid::str() const {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        out.push_back(kDigits[bytes[i] >> 4]);
        out.push_back(kDigits[bytes[i] & 15]);
    }
    return out;
}

std::string Uuid::base64() const {
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    out.reserve(22);
    uint32_t bits = 0;
    int held = 0;
    for (auto b : bytes) {
        bits = bits << 8 | b;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out.push_back(kAlphabet[bits >> held & 63]);
        }
    }
    out.push_back(kAlphabet[bits << (6 - held) & 63]);
    return out;
}

}  // namespace tarn
