#include "tarn/codec/column_batch.h"

#include <gtest/gtest.h>

#include "column_writer.h"
#include "tarn/codec/select_rows.h"

namespace tarn::codec {
namespace {

constexpr auto kBool = ColumnType::kBool;
constexpr auto kInt32 = ColumnType::kInt32;
constexpr auto kInt64 = ColumnType::kInt64;
constexpr auto kDouble = ColumnType::kDouble;
constexpr auto kText = ColumnType::kText;
constexpr auto kBytes = ColumnType::kBytes;
constexpr auto kTimestamp = ColumnType::kTimestamp;
constexpr auto kDate = ColumnType::kDate;

TEST(ColumnBatchTest, TypeNames) {
    for (ColumnType type : {kBool, kInt32, kInt64, kDouble, kText, kBytes, kTimestamp, kDate})
        EXPECT_EQ(*parse_column_type(to_string(type)), type);
    EXPECT_EQ(*parse_column_type("string"), kText);
    EXPECT_EQ(*parse_column_type("Long"), kInt64);
    EXPECT_EQ(*parse_column_type("timestamp"), kTimestamp);
    EXPECT_EQ(parse_column_type("BIGNIT").error().message(),
              "unknown column type \"BIGNIT\": did you mean BIGINT?");
    EXPECT_EQ(column_width(kText), 16u);
}

TEST(ColumnBatchTest, ChosenRowsOutliveTheBatch) {
    std::shared_ptr<const ColumnBatch> chosen;
    {
        ColumnBatch batch;
        batch.schema = {{"b", kBool, false},
                        {"i", kInt32, false},
                        {"l", kInt64, false},
                        {"t", kText, false},
                        {"d", kText, false}};
        batch.row_count = 3;
        ColumnBuilder yes(kBool), number(kInt32), large(kInt64), text(kText), words(kText);
        for (int64_t row = 0; row < 3; ++row) {
            yes.add_bool(row == 2);
            number.add_int(row);
            row == 1 ? large.add_null() : large.add_int(row << 40);
            text.add_text("a text beyond the inline bytes, " + std::to_string(row));
        }
        words.add_text("one");
        words.add_text("another word of the dictionary");
        for (auto* column : {&yes, &number, &large, &text, &words})
            batch.columns.push_back(column->finish(batch));
        auto& coded = batch.columns[4];
        coded.dictionary = true;
        coded.codes = {1, 0, 1};
        coded.set_null(0, 3);
        chosen = select_rows(batch, std::vector<uint32_t>{2, 0, 1, 2});
    }
    ASSERT_EQ(chosen->row_count, 4u);
    EXPECT_EQ(chosen->schema.size(), 5u);
    const auto& c = chosen->columns;
    const std::vector<uint32_t> rows = {2, 0, 1, 2};
    for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(c[0].values<uint8_t>()[i] != 0, rows[i] == 2);
        EXPECT_EQ(c[1].values<int32_t>()[i], int32_t(rows[i]));
        EXPECT_EQ(c[2].is_null(i), rows[i] == 1);
        if (rows[i] != 1) {
            EXPECT_EQ(c[2].values<int64_t>()[i], int64_t(rows[i]) << 40);
        }
        EXPECT_EQ(c[3].text(i), "a text beyond the inline bytes, " + std::to_string(rows[i]));
        EXPECT_EQ(c[4].is_null(i), rows[i] == 0);
    }
    EXPECT_EQ(c[4].text(0), "another word of the dictionary");
    EXPECT_EQ(c[4].text(2), "one");
    EXPECT_TRUE(select_rows(*chosen, {})->columns[3].data.empty());
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
