#include "tarn/codec/payload_format.h"

#include <set>

#include <gtest/gtest.h>

namespace tarn::codec {
namespace {

TEST(PayloadFormats, EachHasANameAndAText) {
    std::set<std::string_view> names;
    for (const auto& format : payload_formats()) {
        EXPECT_TRUE(names.insert(format.name).second) << format.name;
        EXPECT_TRUE(format.text.ends_with('.')) << format.name << ": whole sentences";
        EXPECT_EQ(find_payload_format(format.name), &format);
    }
    EXPECT_EQ(find_payload_format("jsn"), nullptr);
    EXPECT_EQ(names.size(), payload_format_names().size());
    ASSERT_TRUE(find_payload_format(kDefaultFormat));
    ASSERT_TRUE(find_payload_format(kRawFormat));
    EXPECT_EQ(find_payload_format(kRawFormat)->make_decoder, nullptr);
}

// What every format that decodes must keep, whatever its bytes are.
TEST(PayloadFormats, ARecordThatIsNoneIsRejectedByItsNumber) {
    for (const auto& format : payload_formats()) {
        if (!format.make_decoder) continue;
        auto decoder =
            format.make_decoder({.fields = {{"a", ColumnType::kInt64, true}}, .extra_column = {}});
        std::vector<RecordView> records(3);
        records[1].value = "\xff\xfe no format has this";
        records[2].value = "";
        std::vector<uint32_t> accepted = {7};
        std::vector<Rejected> rejected(9);
        auto batch = decoder->decode(records, nullptr, accepted, rejected);
        ASSERT_TRUE(batch) << format.name;
        EXPECT_EQ((*batch)->row_count, 0u);
        EXPECT_EQ((*batch)->schema.size(), 1u);
        EXPECT_TRUE(accepted.empty());
        ASSERT_EQ(rejected.size(), 3u);
        for (uint32_t i = 0; i < 3; ++i) {
            EXPECT_EQ(rejected[i].record, i);
            EXPECT_FALSE(rejected[i].reason.empty());
        }
    }
}

}  // namespace
}  // namespace tarn::codec
