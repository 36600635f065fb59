#include "tarn/base/utf8.h"

#include <gtest/gtest.h>

namespace tarn {
namespace {

TEST(Utf8, TellsTextFromBytes) {
    for (std::string_view good : {"", "a", "12345678", "123456789", "aé€😀", "1234567é", "\x7f"})
        EXPECT_TRUE(valid_utf8(good)) << good;
    for (std::string_view bad :
         {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82", "12345678\x80",
          "1234567\xc3", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80"})
        EXPECT_FALSE(valid_utf8(bad));
    EXPECT_EQ(utf8_length(""), 0u);
    EXPECT_EQ(utf8_length("€uro"), 3u);
}

}  // namespace
}  // namespace tarn
