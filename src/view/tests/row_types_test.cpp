// Types in keys and rows of views, and the description that stands on disk.

#include <gtest/gtest.h>

#include <algorithm>

#include "row_codec.h"
#include "tarn/view/error_ids.h"

namespace tarn::view {
namespace {

using codec::ColumnType;
using codec::Int128;

const ColumnType kList = ColumnType::list(ColumnType::kText);

ViewSpec orders() {
    return {.name = "live.orders",
            .columns = {{"window_start", ColumnType::kTimestamp, false},
                        {"price", ColumnType::decimal(38, 2), false},
                        {"total", ColumnType::decimal(12, 2), false},
                        {"local", ColumnType::kTimestampNtz, false},
                        {"items", kList, false}},
            .key = {0, 1},
            .generation = "g"};
}

std::shared_ptr<const codec::ColumnBatch> rows_of(const std::vector<Int128>& prices) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = orders().columns;
    batch->row_count = prices.size();
    std::vector<codec::ColumnBuilder> builders;
    for (const auto& column : batch->schema)
        builders.emplace_back(column.type);
    for (auto price : prices) {
        builders[0].add_int(5);
        builders[1].add_decimal(price);
        builders[2].add_decimal(price % 1000);
        builders[3].add_int(-1);
        builders[4].add_text(std::string_view("\1\0\0\0\0", 5));
    }
    for (auto& builder : builders)
        batch->columns.push_back(builder.finish(*batch));
    return batch;
}

TEST(RowTypes, DecimalsOrderAsNumbersAndComeBackWhole) {
    const auto most = codec::power_of_ten(38) - 1;
    const auto middle = Int128(INT64_MAX) + 1;
    const std::vector<Int128> prices = {-most, -middle, -1, 0, 1, 256, INT64_MAX, middle, most};
    const auto batch = rows_of(prices);
    auto codec = RowCodec::make(orders());
    ASSERT_TRUE(codec) << codec.error().message();
    RowCodec::Rows rows(*codec);
    std::vector<std::string> keys;
    for (size_t row = 0; row < prices.size(); ++row) {
        std::string key, value;
        codec->append_key(*batch, row, key);
        codec->append_value(*batch, row, value);
        ASSERT_TRUE(rows.add(key, value));
        keys.push_back(key);
    }
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    auto back = rows.finish();
    for (size_t row = 0; row < prices.size(); ++row) {
        EXPECT_TRUE(back->columns[1].values<Int128>()[row] == prices[row]) << row;
        EXPECT_TRUE(back->columns[2].values<Int128>()[row] == prices[row] % 1000) << row;
        EXPECT_EQ(back->columns[3].values<int64_t>()[row], -1);
        EXPECT_EQ(back->columns[4].text(row), std::string_view("\1\0\0\0\0", 5));
    }
}

TEST(RowTypes, ANestedKeyIsRefusedByName) {
    auto spec = orders();
    spec.key = {0, 4};
    auto codec = RowCodec::make(spec);
    ASSERT_FALSE(codec);
    EXPECT_EQ(codec.error().id(), errors::kViewKey);
    EXPECT_NE(codec.error().message().find("column items of view live.orders is LIST<VARCHAR>"),
              std::string::npos)
        << codec.error().message();
}

TEST(RowTypes, TheDescriptionKeepsThem) {
    auto spec = orders();
    spec.columns.push_back(
        {"nested", *codec::parse_column_type("struct<a: decimal(9,2), m: map<text, list<date>>>"),
         false});
    auto back = decode_spec(encode_spec(spec));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back->columns, spec.columns);
    EXPECT_EQ(back->key, spec.key);
    auto bytes = encode_spec(spec);
    for (size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_spec(std::string_view(bytes).substr(0, size))) << size;
    for (size_t at = 1; at < bytes.size(); ++at) {
        auto bent = bytes;
        bent[at] = char(0xff);
        (void)decode_spec(bent);  // whatever it says, it ends
    }
}

TEST(RowTypes, TheDescriptionOfBeforeIsRead) {
    // Version 1: the kind of each column alone.
    const std::string before("\1\6live.x\1g\2\1w\6\0\1n\2\1\1\0", 21);
    auto spec = decode_spec(before);
    ASSERT_TRUE(spec) << spec.error().message();
    EXPECT_EQ(spec->name, "live.x");
    ASSERT_EQ(spec->columns.size(), 2u);
    EXPECT_EQ(spec->columns[0].type, ColumnType::kTimestamp);
    EXPECT_EQ(spec->columns[1].type, ColumnType::kInt64);
    EXPECT_TRUE(spec->columns[1].required);
    EXPECT_EQ(spec->key, std::vector<int>{0});
    auto newer = before;
    newer[0] = 3;
    EXPECT_EQ(decode_spec(newer).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace tarn::view
