// Thrift's compact protocol and Parquet footers from outside: what is not of the form is refused,
// whatever bytes are there.

#include <gtest/gtest.h>

#include "tarn/codec/parquet_footer.h"

namespace tarn::codec {
namespace {

std::string struct_of(auto&& fields) {
    ThriftWriter out;
    out.begin_struct();
    fields(out);
    out.end_struct();
    return out.take();
}

TEST(Thrift, WhatIsWrittenIsRead) {
    const auto bytes = struct_of([](ThriftWriter& out) {
        out.integer(ThriftType::kInt64, 1, INT64_MIN);
        out.integer(ThriftType::kInt16, 3, -1);
        out.binary(40, "text");  // a step that needs the long form
        out.list(41, ThriftType::kInt32, 0);
        out.field(ThriftType::kTrue, 42);
    });
    ThriftReader in(bytes);
    int last = 0;
    EXPECT_EQ(in.integer(in.next(last)->type), INT64_MIN);
    EXPECT_EQ(in.integer(in.next(last)->type), -1);
    EXPECT_EQ(in.binary(in.next(last)->type), "text");
    EXPECT_EQ(last, 40);
    EXPECT_EQ(in.list(in.next(last)->type, ThriftType::kStruct), 0u);
    EXPECT_TRUE(in.boolean(in.next(last)->type));
    EXPECT_FALSE(in.next(last));
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.position(), bytes.size());
    EXPECT_EQ(ThriftReader(bytes).pass(ThriftType::kStruct), bytes);
}

TEST(Thrift, WhatHasNoBoundIsRefused) {
    auto passes = [](const std::string& bytes, ThriftType type) {
        ThriftReader in(bytes);
        in.pass(type);
        return in.ok();
    };
    EXPECT_TRUE(passes(std::string(3, '\0'), ThriftType::kStruct));
    EXPECT_FALSE(passes("", ThriftType::kStruct));
    EXPECT_FALSE(passes(std::string(100'000, '\x1C'), ThriftType::kStruct));  // in each other
    EXPECT_FALSE(passes(std::string(100'000, '\x19'), ThriftType::kList));
    EXPECT_FALSE(passes("\xF3\xFF\xFF\xFF\xFF\x0F", ThriftType::kList));  // items
    EXPECT_FALSE(passes(std::string(20, '\xFF'), ThriftType::kInt64));
    EXPECT_FALSE(
        passes("\xFF\xFF\xFF\xFF\x0F"
               "x",
               ThriftType::kBinary));
    EXPECT_FALSE(passes(std::string(4, '\0'), ThriftType::kMap));
    // Fields that do not ascend.
    EXPECT_FALSE(passes(std::string("\x15\x02\x05\x02\x02\x00", 6), ThriftType::kStruct));
}

// FileMetaData of one column of INT64, in one row group.
struct Form {
    int64_t rows = 5, group_rows = 5, values = 5, type = 2, data = 40, dictionary = 4, bytes = 60;
    int64_t children = 1, leaf_type = 2;
    int more_in_column = 0, more_in_file = 0;  // ids of unknown fields
    ThriftType place = ThriftType::kInt64;     // of the first data page

    std::string text() const {
        using Type = ThriftType;
        return struct_of([&](ThriftWriter& out) {
            out.integer(Type::kInt32, 1, 1);
            out.list(2, Type::kStruct, 2);
            out.begin_struct();
            out.binary(4, "root");
            out.integer(Type::kInt32, 5, children);
            out.end_struct();
            out.begin_struct();
            out.integer(Type::kInt32, 1, leaf_type);
            out.integer(Type::kInt32, 3, 1);
            out.binary(4, "a");
            out.end_struct();
            out.integer(Type::kInt64, 3, rows);
            out.list(4, Type::kStruct, 1);
            out.begin_struct();
            out.list(1, Type::kStruct, 1);
            out.begin_struct();
            out.integer(Type::kInt64, 2, 0);
            out.field(Type::kStruct, 3);
            out.begin_struct();
            out.integer(Type::kInt32, 1, type);
            out.integer(Type::kInt64, 5, values);
            out.integer(Type::kInt64, 7, bytes);
            out.integer(place, 9, data);
            if (dictionary) out.integer(Type::kInt64, 11, dictionary);
            if (more_in_column) out.integer(Type::kInt64, more_in_column, 4);
            out.end_struct();
            out.end_struct();
            out.integer(Type::kInt64, 2, 100);
            out.integer(Type::kInt64, 3, group_rows);
            out.integer(Type::kInt64, 5, 4);
            out.integer(Type::kInt16, 7, 0);
            out.end_struct();
            out.binary(6, "writer");
            if (more_in_file) out.integer(Type::kInt64, more_in_file, 4);
        });
    }
    bool reads(uint64_t end = 64) const { return parse_parquet_footer(text(), end).has_value(); }
};

TEST(ParquetFooter, ALieIsRefused) {
    const auto plain = parse_parquet_footer(Form().text(), 64);
    ASSERT_TRUE(plain) << plain.error().message();
    EXPECT_TRUE((Form{.dictionary = 0, .bytes = 20}.reads()));
    EXPECT_FALSE(Form().reads(63));  // into the footer
    EXPECT_FALSE((Form{.rows = 6}.reads()));
    EXPECT_FALSE((Form{.rows = -5, .group_rows = -5, .values = -5}.reads()));
    EXPECT_FALSE((Form{.values = 4}.reads()));
    EXPECT_FALSE((Form{.type = 1}.reads()));
    EXPECT_FALSE((Form{.leaf_type = 9}.reads()));
    EXPECT_FALSE((Form{.data = 3, .dictionary = 0, .bytes = 8}.reads()));  // into the magic
    EXPECT_FALSE((Form{.data = INT64_MAX}.reads()));
    EXPECT_FALSE((Form{.bytes = INT64_MAX}.reads()));
    EXPECT_FALSE((Form{.bytes = -1}.reads()));
    EXPECT_FALSE((Form{.dictionary = 50}.reads()));  // behind its pages
    EXPECT_FALSE((Form{.children = 2}.reads()));
    EXPECT_FALSE((Form{.more_in_column = 18}.reads()));
    EXPECT_FALSE((Form{.place = ThriftType::kInt16}.reads()));
    EXPECT_FALSE((Form{.more_in_file = 8}.reads()));  // encryption
}

TEST(ParquetFooter, NoChangedByteBreaksIt) {
    const auto text = Form().text();
    for (size_t at = 0; at < text.size(); ++at) {
        (void)parse_parquet_footer(text.substr(0, at), 64);
        for (int value = 0; value < 256; ++value) {
            auto changed = text;
            changed[at] = char(value);
            const auto read = parse_parquet_footer(changed, 64);
            if (!read) continue;
            for (const auto& group : read->groups)
                for (const auto& chunk : group.chunks)
                    ASSERT_TRUE(chunk.begin >= 4 && chunk.begin < chunk.end && chunk.end <= 64);
        }
    }
}

TEST(ParquetFooter, AJoinHasTheGroupsOfBoth) {
    const auto one = parse_parquet_footer(Form().text(), 64);
    const auto other = parse_parquet_footer(Form{.dictionary = 0, .bytes = 20}.text(), 64);
    ASSERT_TRUE(one && other && is_same_form(*one, *other));
    ParquetJoin join;
    join.add(*one, {4});
    join.add(*other, {64});
    auto text = join.finish();
    ASSERT_TRUE(text.ends_with(kParquetMagic));
    text.resize(text.size() - kParquetTail);
    const auto both = parse_parquet_footer(text, 84);
    ASSERT_TRUE(both) << both.error().message();
    EXPECT_EQ(both->rows, 10);
    EXPECT_EQ(both->groups[0].begin(), 4u);
    EXPECT_EQ(both->groups[1].begin(), 64u);
    EXPECT_EQ(both->groups[1].end(), 84u);
    EXPECT_EQ(both->created_by, "writer");
}

}  // namespace
}  // namespace tarn::codec
