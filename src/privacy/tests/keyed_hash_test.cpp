#include "tarn/privacy/keyed_hash.h"

#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"

namespace tarn::privacy {
namespace {

// HMAC with a key shorter than the block is the same with the key padded by zeros, so the vectors of
// RFC 4231 whose keys are at most 32 bytes hold for the padded key.
std::string mac_text(std::string key, std::string_view text) {
    key.resize(KeyedHash::kKeyBytes, '\0');
    std::string out;
    for (auto byte : KeyedHash(key).mac(text)) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        out += digits;
    }
    return out;
}

TEST(KeyedHash, GivesTheVectorsOfRfc4231) {
    EXPECT_EQ(mac_text(std::string(20, '\x0b'), "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(mac_text("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(mac_text(std::string(20, '\xaa'), std::string(50, '\xdd')),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

TEST(KeyedHash, PseudonymIsTheFirstHalf) {
    std::string key(20, '\x0b');
    key.resize(KeyedHash::kKeyBytes, '\0');
    EXPECT_EQ(KeyedHash(key).of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b");
}

TEST(Key, IsMadeOnceAndChecked) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    Random random(7);
    auto made = load_or_make_key(disk, random, "d/keys/pseudonyms.key");
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(load_or_make_key(disk, random, "d/keys/pseudonyms.key").value(), *made);
    ASSERT_TRUE(disk.replace("d/keys/pseudonyms.key", "short\n"));
    auto bad = load_or_make_key(disk, random, "d/keys/pseudonyms.key");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code(), ErrorCode::kCorrupted);
}

}  // namespace
}  // namespace tarn::privacy
