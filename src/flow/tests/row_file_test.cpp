// Rows come back from a file as they went there, of every type, whichever are asked for.

#include "row_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tarn/base/ids.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

using codec::ColumnType;

BatchPtr some_rows(size_t count, Random& random) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = {{"bool", ColumnType::kBool, false},
                   {"int", ColumnType::kInt32, false},
                   {"bigint", ColumnType::kInt64, false},
                   {"double", ColumnType::kDouble, false},
                   {"text", ColumnType::kText, false},
                   {"bytes", ColumnType::kBytes, false},
                   {"at", ColumnType::kTimestamp, false},
                   {"day", ColumnType::kDate, false},
                   {"price", ColumnType::decimal(38, 2), false},
                   {"local", ColumnType::kTimestampNtz, false},
                   {"list", ColumnType::list(ColumnType::kInt64), false}};
    out->row_count = count;
    for (const auto& spec : out->schema) {
        codec::ColumnBuilder builder(spec.type);
        for (size_t row = 0; row < count; ++row) {
            const auto value = int64_t(random.below(1000)) - 500;
            if (random.chance(0.2)) {
                builder.add_null();
            } else if (spec.type == ColumnType::kBool) {
                builder.add_bool(value > 0);
            } else if (spec.type == ColumnType::kDouble) {
                builder.add_double(value == 0 ? std::nan("") : double(value) / 3);
            } else if (spec.type == ColumnType::kDecimal) {
                builder.add_decimal(codec::Int128(value) * codec::power_of_ten(30));
            } else if (spec.type.is_text()) {
                builder.add_text(std::string(random.below(40), char('a' + row % 26)));
            } else {
                builder.add_int(value);
            }
        }
        out->columns.push_back(builder.finish(*out));
    }
    return out;
}

// Its texts are three, coded.
BatchPtr with_dictionary(const BatchPtr& rows) {
    auto out = std::make_shared<codec::ColumnBatch>(*rows);
    codec::ColumnBuilder entries(ColumnType::kText);
    for (const auto* text : {"", "short", "an entry that does not fit into a reference"})
        entries.add_text(text);
    auto column = entries.finish(*out);
    column.dictionary = true;
    for (size_t row = 0; row < rows->row_count; ++row)
        column.codes.push_back(uint32_t(row % 3));
    if (rows->row_count > 0) column.set_null(0, rows->row_count);
    out->columns[4] = std::move(column);
    return out;
}

// A row's values as bytes, whatever holds them.
std::string line(const codec::ColumnBatch& batch, size_t row) {
    std::string out;
    for (const auto& column : batch.columns) {
        if (column.is_null(row)) {
            out += "NULL|";
        } else if (column.type.is_text()) {
            out += std::string(column.text(row)) + "|";
        } else {
            const auto width = codec::column_width(column.type);
            out += std::string(column.data.data() + row * width, width) + "|";
        }
    }
    return out;
}

std::vector<std::string> lines(const std::vector<BatchPtr>& batches) {
    std::vector<std::string> out;
    for (const auto& batch : batches)
        for (size_t row = 0; row < batch->row_count; ++row)
            out.push_back(line(*batch, row));
    return out;
}

TEST(RowFile, GivesBackWhateverRowsAreAskedFor) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    Random random(3);
    for (const size_t count : {1, 64, 1000, 20'000}) {
        std::vector<BatchPtr> batches = {some_rows(count, random), some_rows(7, random)};
        batches.push_back(with_dictionary(batches[0]));
        const auto all = lines(batches);
        auto file = RowFile::write(disk, "rows", batches);
        ASSERT_TRUE(file) << file.error().message();
        ASSERT_EQ((*file)->rows(), all.size());
        for (const double share : {0.0, 0.001, 0.3, 1.0}) {
            std::vector<uint32_t> asked;
            std::vector<std::string> expected;
            for (uint32_t row = 0; row < all.size(); ++row) {
                if (!random.chance(share)) continue;
                asked.push_back(row);
                expected.push_back(all[row]);
            }
            const auto rows = (*file)->read(asked);
            ASSERT_TRUE(rows) << rows.error().message();
            EXPECT_EQ((*rows)->schema, batches[0]->schema);
            EXPECT_EQ(lines({*rows}), expected);
        }
    }
    EXPECT_FALSE(disk.exists("rows")) << "it goes with its object";
}

TEST(RowFile, DamageIsAnError) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    Random random(3);
    const auto rows = some_rows(3, random);
    for (const bool longer : {false, true}) {
        auto file = RowFile::write(disk, "rows", {{rows}});
        ASSERT_TRUE(file);
        auto other = disk.open("rows", {.mode = io::OpenMode::kReadWrite});
        const auto size = (*file)->bytes();
        // Lengths that no row has.
        ASSERT_TRUE(longer ? (*other)->write_at(0, std::string(size, '\x01'))
                           : (*other)->truncate(size - 1));
        const uint32_t asked[] = {0, 1, 2};
        const auto read = (*file)->read(asked);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code(), ErrorCode::kCorrupted);
    }
}

}  // namespace
}  // namespace tarn::flow
