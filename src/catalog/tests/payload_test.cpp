#include "tarn/catalog/payload.h"

#include <gtest/gtest.h>

namespace tarn::catalog {
namespace {

TEST(Payload, SaysWhatBytesAre) {
    EXPECT_EQ(payload_of(R"({"a":1})").encoding, "json");
    EXPECT_EQ(payload_of("{a").encoding, "text");
    EXPECT_EQ(payload_of("1").encoding, "text");
    EXPECT_EQ(payload_of("").text, "");
    const auto bytes = payload_of("\xff\xfe");
    EXPECT_EQ(bytes.encoding, "base64");
    EXPECT_EQ(bytes.text, "//4=");
    EXPECT_EQ(payload_of(std::string_view("a\0b", 3)).encoding, "base64");
}

TEST(Payload, IsCutBetweenLetters) {
    std::string many;
    for (int i = 0; i < 20'000; ++i)
        many += "é";
    const auto cut = payload_of(many.substr(0, 1) + "x" + many);
    EXPECT_TRUE(cut.truncated);
    const auto text = payload_of("x" + many);
    EXPECT_EQ(text.encoding, "text");
    EXPECT_EQ(text.bytes, 40'001u);
    EXPECT_LE(text.text.size(), 16u << 10);
    EXPECT_EQ(text.text.size() % 2, 1u) << "no half letter";
}

}  // namespace
}  // namespace tarn::catalog
