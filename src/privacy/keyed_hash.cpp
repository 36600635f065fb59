#include "tarn/privacy/keyed_hash.h"

// The states after the key's block are made once and copied for each text: with the interface that
// OpenSSL 3 prefers, setting up costs more than hashing.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstring>

#include "tarn/base/check.h"

namespace tarn::privacy {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr size_t kShown = 16;  // bytes of a pseudonym

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

struct KeyedHash::State {
    SHA256_CTX inner, outer;
};

KeyedHash::KeyedHash(std::string_view key) : state_(std::make_unique<State>()) {
    TARN_CHECK(key.size() == kKeyBytes, "a key has 32 bytes");
    unsigned char inner[SHA256_CBLOCK] = {}, outer[SHA256_CBLOCK] = {};
    std::memcpy(inner, key.data(), key.size());
    std::memcpy(outer, key.data(), key.size());
    for (size_t i = 0; i < SHA256_CBLOCK; ++i) {
        inner[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    SHA256_Init(&state_->inner);
    SHA256_Update(&state_->inner, inner, sizeof inner);
    SHA256_Init(&state_->outer);
    SHA256_Update(&state_->outer, outer, sizeof outer);
}

KeyedHash::~KeyedHash() = default;
KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;

std::array<uint8_t, 32> KeyedHash::mac(std::string_view text) const {
    std::array<uint8_t, 32> out;
    auto context = state_->inner;
    SHA256_Update(&context, text.data(), text.size());
    SHA256_Final(out.data(), &context);
    context = state_->outer;
    SHA256_Update(&context, out.data(), out.size());
    SHA256_Final(out.data(), &context);
    return out;
}

void KeyedHash::append_to(std::string& out, std::string_view text) const {
    auto bytes = mac(text);
    for (size_t i = 0; i < kShown; ++i) {
        out += kDigits[bytes[i] >> 4];
        out += kDigits[bytes[i] & 15];
    }
}

std::string KeyedHash::of(std::string_view text) const {
    std::string out;
    append_to(out, text);
    return out;
}

Result<std::string> load_or_make_key(io::FileSystem& fs, Random& random, const std::string& path) {
    auto text = fs.read_all(path);
    if (!text) {
        if (text.error().code() != ErrorCode::kNotFound) return fail(text.error());
        TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(path)));
        std::string fresh;
        for (size_t i = 0; i < KeyedHash::kKeyBytes; ++i) {
            unsigned char byte = uint8_t(random.next());
            unsigned char more = 0;
            // A seeded generator is for tests; on a real machine the system's is mixed in.
            if (RAND_bytes(&more, 1) == 1) byte ^= more;
            fresh += kDigits[byte >> 4];
            fresh += kDigits[byte & 15];
        }
        TARN_RETURN_IF_ERROR(fs.put_if_absent(path, fresh + "\n"));
        text = fresh + "\n";
    }
    std::string key;
    for (size_t i = 0; i + 1 < text->size(); i += 2) {
        int high = digit((*text)[i]), low = digit((*text)[i + 1]);
        if (high < 0 || low < 0) break;
        key += char(high << 4 | low);
    }
    if (key.size() == KeyedHash::kKeyBytes && text->size() == 2 * KeyedHash::kKeyBytes + 1)
        return key;
    return fail(ErrorCode::kCorrupted,
                "not a key of 64 hexadecimal digits: " + path +
                    ": put it back from a backup; with another key pseudonyms do not match those "
                    "that stand");
}

}  // namespace tarn::privacy
