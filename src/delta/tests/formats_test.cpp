// Paths, partition values, statistics and deletion vectors against what Spark and the kernel write.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "tarn/base/ids.h"
#include "tarn/base/utf8.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/partition.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/schema.h"
#include "tarn/delta/statistics.h"
#include "tarn/delta/table.h"

namespace tarn::delta {
namespace {

TEST(Statistics, TextBoundsAreThoseOfAllTexts) {
    Random random(11);
    for (int round = 0; round < 2000; ++round) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = {{"t", codec::ColumnType::kText, false}};
        batch->row_count = 1 + random.below(6);
        codec::ColumnBuilder texts(codec::ColumnType::kText);
        std::optional<std::string> low, high;
        for (size_t row = 0; row < batch->row_count; ++row) {
            // Mostly alike in their first bytes; with zeros, and with bytes above those of ASCII.
            std::string text(random.below(3) * 6, 'a');
            for (auto n = random.below(9); n > 0; --n)
                text += std::array<std::string, 4>{"a", "b", std::string(1, '\0'),
                                                   "ü"}[random.below(4)];
            texts.add_text(text);
            if (!low || text < *low) low = text;
            if (!high || text > *high) high = text;
        }
        batch->columns.push_back(texts.finish(*batch));
        std::shared_ptr<const codec::ColumnBatch> shared = batch;
        const int columns[] = {0};
        const std::string names[] = {"t"};
        auto range = read_statistics(file_statistics({&shared, 1}, columns), names).at(0);
        ASSERT_EQ(range.min, std::string(truncate_min(*low)));
        ASSERT_EQ(range.max, truncate_max(*high));
    }
}

TEST(Paths, FourStepsOfAPartitionValue) {
    EXPECT_EQ(partition_folder("region", "US/East"), "region=US%2FEast");
    EXPECT_EQ(percent_encode("region=US%2FEast/f"), "region=US%252FEast/f");
    EXPECT_EQ(percent_decode("region=US%252FEast/f"), "region=US%2FEast/f");
    EXPECT_EQ(partition_folder("p", std::nullopt), "p=__HIVE_DEFAULT_PARTITION__");
    EXPECT_EQ(hive_escape("\"#%'*/:=?\\{[]^\x7f\n"),
              "%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%5B%5D%5E%7F%0A");
    EXPECT_EQ(hive_escape(" }<>|`ü"), " }<>|`ü");
    EXPECT_EQ(percent_encode(" <>|}`ü"), "%20%3C%3E%7C%7D%60%C3%BC");
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
}

TEST(Paths, NamesOnDiskAreBounded) {
    const std::string most(kMostNameBytes - 2, 'x');
    EXPECT_EQ(partition_folder("p", most), "p=" + most);
    std::set<std::string> folders;
    for (const auto& value : {most + "x", most + "y", std::string(90, '/'), std::string(300, '/'),
                              "a" + std::string(90, '/'), "ab" + std::string(90, '/')}) {
        auto folder = partition_folder("p", value);
        EXPECT_LE(folder.size(), kMostNameBytes);
        EXPECT_EQ(folder, partition_folder("p", value));
        EXPECT_EQ(folder.rfind('%') == folder.npos ? 3 : folder.find('~') - folder.rfind('%'), 3u)
            << "half of an escape: " << folder;
        EXPECT_TRUE(folders.insert(folder).second) << folder;
    }
    std::string wide;
    for (int i = 0; i < 100; ++i)
        wide += "é";
    EXPECT_TRUE(valid_utf8(partition_folder("p", wide)));
    EXPECT_TRUE(valid_utf8(partition_folder("p", "x" + wide)));
}

TEST(Paths, FormsOfOnePathAreOne) {
    for (auto form : {"/a/b%20c", "file:/a/b%20c", "file:///a/b%20c", "file://host/a/b%20c"})
        EXPECT_EQ(canonical_path(form, "/t"), "/a/b c") << form;
    EXPECT_EQ(canonical_path("file:///t/x/f", "/t"), "x/f");
    EXPECT_EQ(canonical_path("x/f", "/t"), "x/f");
    EXPECT_EQ(canonical_path("/tt/f", "/t"), "/tt/f");
    EXPECT_EQ(disk_path("x/f", "/t"), "/t/x/f");
    EXPECT_EQ(disk_path("/a/f", "/t"), "/a/f");
}

TEST(LogFiles, Names) {
    EXPECT_EQ(parse_log_name("00000000000000000007.json").kind, LogFileKind::kCommit);
    EXPECT_EQ(parse_log_name("00000000000000000007.json").version, 7);
    EXPECT_EQ(parse_log_name("00000000000000000007.crc").kind, LogFileKind::kChecksum);
    EXPECT_EQ(parse_log_name("00000000000000000007.checkpoint.parquet").kind,
              LogFileKind::kCheckpoint);
    auto part = parse_log_name("00000000000000000007.checkpoint.0000000002.0000000003.parquet");
    EXPECT_EQ(part.kind, LogFileKind::kCheckpointPart);
    EXPECT_EQ(part.part, 2u);
    EXPECT_EQ(part.parts, 3u);
    auto v2 =
        parse_log_name("00000000000000000007.checkpoint.6374b053-df23-479b-b2cf-c9c550132b49.json");
    EXPECT_EQ(v2.kind, LogFileKind::kCheckpointV2);
    EXPECT_TRUE(v2.json);
    EXPECT_EQ(
        parse_log_name("00000000000000000004.00000000000000000006.compacted.json").end_version, 6);
    for (auto other : {"_last_checkpoint", "7.json", "00000000000000000007.json.tmp",
                       ".00000000000000000007.json.crc",
                       "00000000000000000007.checkpoint.0000000004.0000000003.parquet",
                       "0000000000000000000a.json", "00000000000000000007.checkpoint.parquet.tmp",
                       "99999999999999999999.json", ""})
        EXPECT_EQ(parse_log_name(other).kind, LogFileKind::kOther) << other;
    EXPECT_EQ(commit_name(12), "00000000000000000012.json");
}

TEST(PartitionValues, AsTheLogWritesThem) {
    EXPECT_EQ(java_double(1), "1.0");
    EXPECT_EQ(java_double(0.1), "0.1");
    EXPECT_EQ(java_double(-0.0), "-0.0");
    EXPECT_EQ(java_double(1e10), "1.0E10");
    EXPECT_EQ(java_double(1.5e-7), "1.5E-7");
    EXPECT_EQ(java_double(1234567.25), "1234567.25");
    EXPECT_EQ(java_double(5e-324), "4.9E-324");
    EXPECT_EQ(java_double(-2.2250738585072011e-308), "-2.225073858507201E-308");
    EXPECT_EQ(java_double(1.7976931348623157e308), "1.7976931348623157E308");
    EXPECT_EQ(java_double(2e-5), "2.0E-5");
    EXPECT_EQ(java_double(1e7), "1.0E7");
    EXPECT_EQ(java_double(9'999'999), "9999999.0");
    EXPECT_EQ(java_double(0.001), "0.001");
    EXPECT_EQ(java_double(2e23), "2.0E23");
    EXPECT_EQ(java_double(NAN), "NaN");
    EXPECT_EQ(java_double(-INFINITY), "-Infinity");
    auto text = [](codec::ColumnType type, auto add) {
        codec::ColumnBatch batch;
        codec::ColumnBuilder builder(type);
        add(builder);
        return partition_text(builder.finish(batch), 0);
    };
    using codec::ColumnType;
    EXPECT_EQ(text(ColumnType::kTimestamp, [](auto& b) { b.add_int(1'700'000'000'123'456); }),
              "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(text(ColumnType::kDate, [](auto& b) { b.add_int(-1); }), "1969-12-31");
    EXPECT_EQ(text(ColumnType::kBool, [](auto& b) { b.add_bool(true); }), "true");
    EXPECT_EQ(text(ColumnType::decimal(12, 2), [](auto& b) { b.add_decimal(-1230); }), "-12.30");
    EXPECT_EQ(text(ColumnType::kTimestampNtz, [](auto& b) { b.add_int(1'500'000); }),
              "1970-01-01 00:00:01.500000");
    EXPECT_EQ(text(ColumnType::kText, [](auto& b) { b.add_text(""); }), std::nullopt);
    EXPECT_EQ(text(ColumnType::kInt64, [](auto& b) { b.add_null(); }), std::nullopt);
}

TEST(Statistics, TextIsCutSoThatBoundsHold) {
    std::string long_text(40, 'a');
    EXPECT_EQ(truncate_min(long_text), std::string(32, 'a'));
    EXPECT_EQ(truncate_max(long_text), std::string(32, 'a') + "\x7F");
    EXPECT_EQ(truncate_max(std::string(32, 'z')), std::string(32, 'z'));
    EXPECT_EQ(truncate_max(std::string(32, 'a') + "é!"), std::string(32, 'a') + "\xF4\x8F\xBF\xBF");
    EXPECT_EQ(truncate_max(std::string(32, 'a') + "\x7F!"),
              std::string(32, 'a') + "\xF4\x8F\xBF\xBF");
    // A surrogate pair counts twice and is not split.
    EXPECT_EQ(truncate_min(std::string(31, 'a') + "𝄞x"), std::string(31, 'a'));
    std::string highest;
    for (int i = 0; i < 40; ++i)
        highest += "\xF4\x8F\xBF\xBF";
    EXPECT_EQ(truncate_max(highest), std::nullopt);
    EXPECT_EQ(truncate_max(std::string(32, 'a') + "\xF4\x8F\xBF\xBF" + "b"),
              std::string(32, 'a') + "\xF4\x8F\xBF\xBF" + "\x7F");
}

TEST(Statistics, OfABatch) {
    using codec::ColumnType;
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"n", ColumnType::kInt64},     {"x", ColumnType::kDouble},
                     {"t", ColumnType::kTimestamp}, {"s", ColumnType::kText},
                     {"b", ColumnType::kBool},      {"none", ColumnType::kInt32}};
    batch->row_count = 3;
    codec::ColumnBuilder n(ColumnType::kInt64), x(ColumnType::kDouble), t(ColumnType::kTimestamp),
        s(ColumnType::kText), b(ColumnType::kBool), none(ColumnType::kInt32);
    n.add_int(INT64_MIN), n.add_int(3), n.add_int(INT64_MAX);
    x.add_double(1), x.add_double(-2.5), x.add_double(2);
    t.add_int(-1), t.add_int(1'999), t.add_null();
    s.add_text("b\""), s.add_null(), s.add_text("a");
    b.add_bool(true), b.add_bool(false), b.add_null();
    none.add_null(), none.add_null(), none.add_null();
    for (auto* column : {&n, &x, &t, &s, &b, &none})
        batch->columns.push_back(column->finish(*batch));
    std::shared_ptr<const codec::ColumnBatch> shared = batch;
    const int all[] = {0, 1, 2, 3, 4, 5};
    EXPECT_EQ(file_statistics({&shared, 1}, all),
              R"({"numRecords":3,"minValues":{"n":-9223372036854775808,"x":-2.5,)"
              R"("t":"1969-12-31T23:59:59.999Z",)"
              R"("s":"a","b":false},)"
              R"("maxValues":{"n":9223372036854775807,"x":2,"t":"1970-01-01T00:00:00.001Z",)"
              R"("s":"b\"","b":true},)"
              R"("nullCount":{"n":0,"x":0,"t":1,"s":1,"b":1,"none":3}})");
    EXPECT_EQ(
        file_statistics({&shared, 1}, all, 1),
        R"({"numRecords":3,"minValues":{"n":-9223372036854775808},"maxValues":{"n":9223372036854775807},)"
        R"("nullCount":{"n":0}})");
}

TEST(Statistics, BoundsOfZerosHoldBoth) {
    // deltalake 1.6.6 and DuckDB 1.5.5 do not look for 0 in a file of -0.0 … -0.0.
    for (const double zero : {0.0, -0.0}) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = {{"x", codec::ColumnType::kDouble}};
        batch->row_count = 1;
        codec::ColumnBuilder x(codec::ColumnType::kDouble);
        x.add_double(zero);
        batch->columns.push_back(x.finish(*batch));
        std::shared_ptr<const codec::ColumnBatch> shared = batch;
        const int all[] = {0};
        EXPECT_EQ(file_statistics({&shared, 1}, all),
                  R"({"numRecords":1,"minValues":{"x":-0},"maxValues":{"x":0},)"
                  R"("nullCount":{"x":0}})");
    }
}

TEST(Statistics, OfAStructAreThoseOfItsFields) {
    using codec::ColumnType;
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"s", *codec::parse_column_type("struct<n: int, l: list<int>, "
                                                     "in: struct<t: text, d: decimal(9,2)>>")},
                     {"after", ColumnType::kInt32}};
    auto text = [](std::string_view bytes) { return std::string("\1\5\0\0\0", 5).append(bytes); };
    auto decimal = [](char low) { return std::string("\1") + low + std::string(15, '\0'); };
    const std::string list("\1\2\0\0\0\0\1\7\0\0\0", 11), null("\0", 1);
    codec::ColumnBuilder s(batch->schema[0].type), after(ColumnType::kInt32);
    s.add_text(std::string("\1\3\0\0\0", 5) + list + "\1" + text("apple") + decimal(50));
    s.add_text(null + null + "\1" + text("grape") + null);
    s.add_text(std::string("\1\2\0\0\0", 5) + list + null);
    s.add_null();
    for (int i = 1; i <= 4; ++i)
        after.add_int(i);
    batch->row_count = 4;
    for (auto* column : {&s, &after})
        batch->columns.push_back(column->finish(*batch));
    std::shared_ptr<const codec::ColumnBatch> shared = batch;
    const int all[] = {0, 1};
    EXPECT_EQ(file_statistics({&shared, 1}, all),
              R"({"numRecords":4,"minValues":{"s":{"n":2,"in":{"t":"apple","d":0.50}},"after":1},)"
              R"("maxValues":{"s":{"n":3,"in":{"t":"grape","d":0.50}},"after":4},)"
              R"("nullCount":{"s":{"n":2,"in":{"t":2,"d":3}},"after":0}})");
    // n, l and t are the first three.
    EXPECT_EQ(file_statistics({&shared, 1}, all, 3),
              R"({"numRecords":4,"minValues":{"s":{"n":2,"in":{"t":"apple"}}},)"
              R"("maxValues":{"s":{"n":3,"in":{"t":"grape"}}},)"
              R"("nullCount":{"s":{"n":2,"in":{"t":2}}}})");
    const std::string names[] = {"s", "after"};
    auto ranges = read_statistics(file_statistics({&shared, 1}, all), names);
    EXPECT_FALSE(ranges[0].min) << "an object is no bound";
    EXPECT_EQ(ranges[1].max, "4");
}

TEST(Statistics, OfBytesThatAreNoStructThereAreNone) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"s", *codec::parse_column_type("struct<t: text, l: list<int>>")}};
    batch->row_count = 1;
    for (std::string_view bytes :
         {std::string_view("\1\xff\0\0\0x\0", 7), std::string_view("\0\1\xff\xff\xff\xff", 6),
          std::string_view("\0", 1), std::string_view("\0\0\0", 3)}) {
        codec::ColumnBuilder s(batch->schema[0].type);
        s.add_text(bytes);
        batch->columns = {s.finish(*batch)};
        std::shared_ptr<const codec::ColumnBatch> shared = batch;
        const int all[] = {0};
        EXPECT_EQ(file_statistics({&shared, 1}, all),
                  R"({"numRecords":1,"minValues":{},"maxValues":{},"nullCount":{}})");
    }
}

TEST(Statistics, OfDecimalsAreExactAndListsHaveNone) {
    using codec::ColumnType;
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"d", ColumnType::decimal(38, 2)},
                     {"l", ColumnType::list(ColumnType::kInt32)},
                     {"t", ColumnType::kTimestampNtz}};
    batch->row_count = 2;
    codec::ColumnBuilder d(batch->schema[0].type), l(batch->schema[1].type),
        t(batch->schema[2].type);
    d.add_decimal(codec::power_of_ten(38) - 1), d.add_decimal(1 - codec::power_of_ten(38));
    l.add_null(), l.add_text(std::string_view("\0\0\0\0", 4));
    t.add_int(1'999), t.add_null();
    for (auto* column : {&d, &l, &t})
        batch->columns.push_back(column->finish(*batch));
    std::shared_ptr<const codec::ColumnBatch> shared = batch;
    const int all[] = {0, 1, 2};
    EXPECT_EQ(file_statistics({&shared, 1}, all),
              R"({"numRecords":2,)"
              R"("minValues":{"d":-999999999999999999999999999999999999.99,)"
              R"("t":"1970-01-01T00:00:00.001"},)"
              R"("maxValues":{"d":999999999999999999999999999999999999.99,)"
              R"("t":"1970-01-01T00:00:00.001"},"nullCount":{"d":0,"t":1}})");
}

TEST(Schemas, OfColumnsOfEachType) {
    std::vector<codec::ColumnSpec> columns;
    for (auto text :
         {"bool", "int", "bigint", "double", "text", "bytes", "timestamp", "date", "decimal(12,2)",
          "list<struct<sku: text, price: decimal(9,2)>>", "map<text, list<date>>"})
        columns.push_back({"c" + std::to_string(columns.size()), *codec::parse_column_type(text)});
    auto schema = schema_of(columns);
    ASSERT_TRUE(schema) << schema.error().message();
    const auto text = schema_json(*schema);
    EXPECT_NE(text.find(R"x("name":"c8","type":"decimal(12,2)")x"), std::string::npos) << text;
    EXPECT_NE(text.find(R"({"type":"map","keyType":"string","valueType":)"
                        R"({"type":"array","elementType":"date","containsNull":true},)"
                        R"("valueContainsNull":true})"),
              std::string::npos)
        << text;
    EXPECT_EQ(columns_of(*parse_schema(text)).value(), columns);
    EXPECT_EQ(protocol_of(*schema).min_reader, 1);
    columns.push_back({"n", *codec::parse_column_type("list<struct<t: timestamp_ntz>>")});
    const auto protocol = protocol_of(*schema_of(columns));
    EXPECT_EQ(protocol.min_reader, 3);
    EXPECT_EQ(protocol.min_writer, 7);
    EXPECT_EQ(protocol.reader_features, std::vector<std::string>{"timestampNtz"});
    Metadata metadata;
    metadata.schema = schema_json(*schema_of(columns));
    EXPECT_TRUE(check_writable(protocol, metadata));
    columns.push_back({"s", codec::ColumnType::structure({{"a b", codec::ColumnType::kInt32}})});
    EXPECT_FALSE(schema_of(columns)) << "names inside of a struct are names of columns too";
}

TEST(Statistics, HaveNoBoundsWhereAColumnHasNone) {
    using codec::ColumnType;
    auto of = [](ColumnType type, auto add) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        batch->schema = {{"n", ColumnType::kInt64}, {"v", type}};
        batch->row_count = 1;
        codec::ColumnBuilder n(ColumnType::kInt64), v(type);
        n.add_int(1);
        add(v);
        batch->columns.push_back(n.finish(*batch));
        batch->columns.push_back(v.finish(*batch));
        std::shared_ptr<const codec::ColumnBatch> shared = batch;
        const int all[] = {0, 1};
        return file_statistics({&shared, 1}, all);
    };
    const std::string none = R"({"numRecords":1,"nullCount":{"n":0,"v":0}})";
    for (double x : {double(NAN), double(INFINITY), double(-INFINITY)})
        EXPECT_EQ(of(ColumnType::kDouble, [&](auto& v) { v.add_double(x); }), none);
    for (int64_t t : {int64_t(253'402'300'800'000'000), int64_t(-62'135'596'800'000'001)})
        EXPECT_EQ(of(ColumnType::kTimestamp, [&](auto& v) { v.add_int(t); }), none);
    for (int64_t day : {2'932'897, -719'163})
        EXPECT_EQ(of(ColumnType::kDate, [&](auto& v) { v.add_int(day); }), none);
    EXPECT_EQ(of(ColumnType::kDate, [&](auto& v) { v.add_int(2'932'896); }),
              R"({"numRecords":1,"minValues":{"n":1,"v":"9999-12-31"},)"
              R"("maxValues":{"n":1,"v":"9999-12-31"},"nullCount":{"n":0,"v":0}})");
    EXPECT_EQ(
        of(ColumnType::kBytes, [&](auto& v) { v.add_text("x"); }),
        R"({"numRecords":1,"minValues":{"n":1},"maxValues":{"n":1},"nullCount":{"n":0,"v":0}})");
}

TEST(Statistics, ReadingKeepsDigitsAndToleratesAnything) {
    const std::string names[] = {"d", "s", "missing"};
    auto ranges = read_statistics(
        R"({"numRecords":2,"maxValues":{"d":99999999999999999999.50,"s":"z\u0041"},)"
        R"("minValues":{"d":-0.10,"o":{"x":1},"s":null},"nullCount":{"d":1,"s":{"x":2}}})",
        names);
    EXPECT_EQ(ranges[0].max, "99999999999999999999.50");
    EXPECT_EQ(ranges[0].min, "-0.10");
    EXPECT_EQ(ranges[0].nulls, 1);
    EXPECT_EQ(ranges[1].max, "zA");
    EXPECT_FALSE(ranges[1].min || ranges[1].nulls || ranges[2].min);
    for (auto broken : {"", "{", "[]", "null", R"({"minValues":3})"})
        EXPECT_FALSE(read_statistics(broken, names)[0].min) << broken;
}

TEST(DeletionVectors, WhatIsWrittenIsReadBack) {
    std::vector<std::vector<uint64_t>> cases = {{0}, {65535, 65536}, {7, (1ull << 32) + 3}, {}};
    for (uint64_t i = 0; i < 4096; ++i)
        cases[3].push_back(i * 3);  // the largest array
    cases.push_back(cases[3]);
    cases.back().push_back(65535);  // the smallest bitmap
    cases.emplace_back();
    for (uint64_t i = 0; i < 300'000; ++i)
        if (i % 5) cases.back().push_back(i);
    for (const auto& rows : cases) {
        auto back = decode_deletion_vector(encode_deletion_vector(rows));
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(*back, rows);
    }
    // As the kernel's tests have it: rows 3, 4, 7, 11, 18, 29.
    auto kernel = z85_decode("^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L");
    ASSERT_TRUE(kernel);
    EXPECT_EQ(encode_deletion_vector(std::vector<uint64_t>{3, 4, 7, 11, 18, 29}),
              kernel->substr(0, 44));
    EXPECT_EQ(z85_encode(*kernel), "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L");
}

TEST(DeletionVectors, InlineAndPath) {
    auto bytes = z85_decode("^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L");
    ASSERT_TRUE(bytes);
    auto rows = decode_deletion_vector(bytes->substr(0, 44));
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_EQ(*rows, (std::vector<uint64_t>{3, 4, 7, 11, 18, 29}));
    EXPECT_EQ(deletion_vector_path("ab^-aqEH.-t@S}K{vb[*k^"),
              "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
    for (size_t cut = 0; cut < 44; ++cut)
        EXPECT_FALSE(decode_deletion_vector(bytes->substr(0, cut))) << cut;
    EXPECT_FALSE(z85_decode("abc"));
    EXPECT_FALSE(z85_decode("~~~~~"));
}

TEST(Intervals, AsSparkWritesThem) {
    Metadata metadata;
    metadata.configuration = {{"a", "interval 30 days"},
                              {"b", "interval 1 week 2 hours"},
                              {"c", "soon"},
                              {"d", "5 minutes"}};
    auto ms = [&](const char* key) { return interval_property_ms(metadata, key, -7); };
    EXPECT_EQ(ms("a"), 30ll * 86'400'000);
    EXPECT_EQ(ms("b"), 7ll * 86'400'000 + 7'200'000);
    EXPECT_EQ(ms("c"), -7);
    EXPECT_EQ(ms("d"), 300'000);
    EXPECT_EQ(ms("none"), -7);
}

}  // namespace
}  // namespace tarn::delta
