#include "tarn/codec/column_batch.h"

#include <gtest/gtest.h>

#include "column_writer.h"

namespace tarn::codec {
namespace {

TEST(ColumnBatchTest, TypeNames) {
    using enum ColumnType;
    for (auto type : {kBool, kInt32, kInt64, kDouble, kText, kBytes, kTimestamp, kDate})
        EXPECT_EQ(*parse_column_type(to_string(type)), type);
    EXPECT_EQ(*parse_column_type("string"), kText);
    EXPECT_EQ(*parse_column_type("Long"), kInt64);
    EXPECT_EQ(*parse_column_type("timestamp"), kTimestamp);
    EXPECT_EQ(parse_column_type("BIGNIT").error().message(),
              "unknown column type \"BIGNIT\": did you mean BIGINT?");
    EXPECT_EQ(column_width(kText), 16u);
}

TEST(ColumnBatchTest, TheBuilderKeepsWhatItIsGiven) {
    ColumnBatch batch;
    {
        ColumnBuilder text(ColumnType::kText), number(ColumnType::kInt32);
        for (int i = 0; i < 200; ++i) {
            if (i % 3 == 0)
                text.add_null();
            else
                text.add_text(std::string(size_t(i) * 20, char('a' + i % 26)));
            number.add_int(i);
        }
        batch.columns.push_back(text.finish(batch));
        batch.columns.push_back(number.finish(batch));
        batch.row_count = 200;
    }
    for (size_t i = 0; i < 200; ++i) {
        EXPECT_EQ(batch.columns[0].is_null(i), i % 3 == 0);
        if (i % 3 != 0) {
            EXPECT_EQ(batch.columns[0].text(i), std::string(i * 20, char('a' + i % 26)));
        }
        EXPECT_EQ(batch.columns[1].values<int32_t>()[i], int32_t(i));
    }
    EXPECT_TRUE(batch.columns[1].validity.empty()) << "no nulls";
    EXPECT_GE(batch.memory_bytes(), 200 * 20u);
}

TEST(ColumnBatchTest, TextReferencesAreDuckDbs) {
    std::string padded = "0123456789abcdefghij                ";
    for (size_t n = 0; n <= 20; ++n) {
        std::string_view s(padded.data(), n);
        TextRef slow(s), fast = text_ref_of_padded(s);
        EXPECT_EQ(std::memcmp(&slow, &fast, sizeof slow), 0)
            << n << ": unused inline bytes are zero";
        EXPECT_EQ(fast.view(), s);
        EXPECT_EQ(fast.length, n);
    }
}

}  // namespace
}  // namespace tarn::codec
