#pragma once

// Pseudonyms: the same text always gives the same one, and nobody who lacks the key can tell or
// try out which text it was. HMAC-SHA-256 (RFC 2104, FIPS 180-4), the first 16 bytes as 32
// hexadecimal digits. Thread-safe.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/io/file_system.h"

namespace tarn::privacy {

class KeyedHash {
  public:
    static constexpr size_t kKeyBytes = 32;
    // `key`: exactly kKeyBytes.
    explicit KeyedHash(std::string_view key);
    ~KeyedHash();
    KeyedHash(KeyedHash&&) noexcept;
    void append_to(std::string& out, std::string_view text) const;
    std::string of(std::string_view text) const;
    // All 32 bytes, as RFC 4231 has them.
    std::array<uint8_t, 32> mac(std::string_view text) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// The key in this file, made durably if there is none: 64 hexadecimal digits and a line break.
// Without it pseudonyms cannot be made again: it belongs into every backup. Errors: kCorrupted, kIo.
Result<std::string> load_or_make_key(io::FileSystem& fs, Random& random, const std::string& path);

}  // namespace tarn::privacy
