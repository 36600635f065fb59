// The types that need more than a kind: how they are written, and what JSON becomes of them, by the
// fast walk and the naive reading alike.

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "json_test_support.h"
#include "tarn/base/ids.h"
#include "tarn/codec/nested.h"
#include "tarn/codec/select_rows.h"

namespace tarn::codec {
namespace {

ColumnType type_of(std::string_view text) {
    auto type = parse_column_type(text);
    EXPECT_TRUE(type) << text;
    return type ? *type : ColumnType();
}

TEST(ColumnTypeTest, IsWrittenAsItIsRead) {
    for (auto text :
         {"DECIMAL(12,2)", "DECIMAL(38,0)", "TIMESTAMP_NTZ", "LIST<VARCHAR>",
          "MAP<VARCHAR, DOUBLE>", "STRUCT<a: INTEGER, b: LIST<STRUCT<c: DECIMAL(4,1)>>>",
          "LIST<MAP<VARCHAR, DATE>>"})
        EXPECT_EQ(to_string(type_of(text)), text);
    EXPECT_EQ(to_string(type_of(" decimal( 12 , 2 ) ")), "DECIMAL(12,2)");
    EXPECT_EQ(to_string(type_of("numeric(5)")), "DECIMAL(5,0)");
    EXPECT_EQ(to_string(type_of("struct<Id:long,tags:array<string>>")),
              "STRUCT<Id: BIGINT, tags: LIST<VARCHAR>>");
    EXPECT_EQ(to_string(type_of("uuid")), "VARCHAR");
    EXPECT_EQ(type_of("list<int>"), ColumnType::list(ColumnType::kInt32));
    EXPECT_NE(type_of("list<int>"), type_of("list<long>"));
    EXPECT_NE(type_of("decimal(12,2)"), type_of("decimal(12,3)"));
}

TEST(ColumnTypeTest, WhatIsWrongIsSaid) {
    const std::pair<std::string, std::string> kWrong[] = {
        {"decimal", "say how many digits: decimal(12,2)"},
        {"decimal(39,2)", "1 to 38 digits"},
        {"decimal(3,4)", "1 to 38 digits"},
        {"decimal(x)", "1 to 38 digits"},
        {"struct", "say what is in it"},
        {"struct<a>", "name: type, not \"a\""},
        {"struct<a: int, A: int>", "field A twice"},
        {"list<int", "brackets"},
        {"list<int>>", "brackets"},
        {"map<int, text>", "the keys of JSON are texts"},
        {"list<strng>", "did you mean STRING?"},
        {"time", "a table has no time of day"},
        {"hugeint", "decimal(38,0)"},
    };
    for (const auto& [text, why] : kWrong) {
        auto type = parse_column_type(text);
        ASSERT_FALSE(type) << text;
        EXPECT_NE(type.error().message().find(why), std::string::npos) << type.error().message();
    }
    std::string deep = "int";
    for (int i = 0; i < 100; ++i)
        deep = "list<" + deep + ">";
    EXPECT_FALSE(parse_column_type(deep));
}

TEST(ColumnTypeTest, BytesOfAColumnHoldAnyOfItsValues) {
    for (size_t size : {1, 3, 16, 1000}) {
        SharedArray<char> data;
        data.resize(size);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(data.data()) % alignof(Int128), 0u) << size;
        data.resize(size * 7);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(data.data()) % alignof(Int128), 0u) << size;
    }
}

TEST(ColumnTypeTest, DecimalsAsText) {
    EXPECT_EQ(decimal_text(1230, 2), "12.30");
    EXPECT_EQ(decimal_text(-5, 2), "-0.05");
    EXPECT_EQ(decimal_text(0, 0), "0");
    EXPECT_EQ(decimal_text(0, 3), "0.000");
    EXPECT_EQ(decimal_text(1 - power_of_ten(38), 0), "-99999999999999999999999999999999999999");
    EXPECT_EQ(decimal_text(power_of_ten(38) - 1, 38), "0.99999999999999999999999999999999999999");
}

// The row of one record, or "field: reason", by both ways.
std::string decode_one(const DecoderOptions& options, const std::string& json) {
    std::string results[2];
    for (auto way : {JsonWay::kWalk, JsonWay::kNaive}) {
        JsonBatchDecoder decoder(options, way);
        auto out = decode_json(decoder, records_of({json}));
        results[int(way)] = out.rows.empty() ? out.rejected.at(0).substr(2) : out.rows[0];
    }
    EXPECT_EQ(results[0], results[1]) << json;
    return results[0];
}

std::string decode_as(std::string_view type, const std::string& value) {
    return decode_one({.fields = {{"x", type_of(type)}}, .extra_column = ""},
                      "{\"x\": " + value + " }");
}

TEST(RichJsonTest, DecimalsAreExactOrRefused) {
    const std::tuple<std::string, std::string, std::string> kCases[] = {
        {"decimal(12,2)", "12.30", "12.30"},
        {"decimal(12,2)", "\"12.30\"", "12.30"},
        {"decimal(12,2)", "\"0012.3\"", "12.30"},
        {"decimal(12,2)", "-0.01", "-0.01"},
        {"decimal(12,2)", "-0", "0.00"},
        {"decimal(12,2)", "7", "7.00"},
        {"decimal(12,2)", "12.3000", "12.30"},
        {"decimal(12,2)", "1.5e3", "1500.00"},
        {"decimal(12,2)", "150e-2", "1.50"},
        {"decimal(12,2)", "1E+2", "100.00"},
        {"decimal(12,2)", "0e999999999999", "0.00"},
        {"decimal(12,2)", "9999999999.99", "9999999999.99"},
        {"decimal(12,2)", "null", "NULL"},
        {"decimal(12,2)", "10000000000",
         "x: more than 10 digits before the point for DECIMAL(12,2): 10000000000"},
        {"decimal(12,2)", "1e99",
         "x: more than 10 digits before the point for DECIMAL(12,2): 1e99"},
        {"decimal(12,2)", "12.345",
         "x: more than 2 digits behind the point for DECIMAL(12,2): 12.345"},
        {"decimal(12,2)", "\"12,30\"", "x: expected DECIMAL(12,2), found string \"12,30\""},
        {"decimal(12,2)", "\"\"", "x: expected DECIMAL(12,2), found string \"\""},
        {"decimal(12,2)", "true", "x: expected DECIMAL(12,2), found boolean true"},
        {"decimal(12,2)", "[1]", "x: expected DECIMAL(12,2), found array"},
        // What a double would bend.
        {"decimal(18,0)", "73314510714175489", "73314510714175489"},
        {"decimal(38,10)", "1234567890123456789012345678.0123456789",
         "1234567890123456789012345678.0123456789"},
        {"decimal(38,0)", "\"-99999999999999999999999999999999999999\"",
         "-99999999999999999999999999999999999999"},
        {"decimal(38,0)", "100000000000000000000000000000000000000",
         "x: more than 38 digits before the point for DECIMAL(38,0): "
         "100000000000000000000000000000000000000"},
        // What 128 bits would bend.
        {"decimal(38,0)", "999999999999999999999999999999999999999",
         "x: more than 38 digits before the point for DECIMAL(38,0): "
         "999999999999999999999999999999999999999"},
        {"decimal(38,2)", "99999999999999999999999999999999999999e2",
         "x: more than 36 digits before the point for DECIMAL(38,2): "
         "99999999999999999999999999999999999999e2"},
        {"decimal(1,0)", "10", "x: more than 1 digits before the point for DECIMAL(1,0): 10"},
    };
    for (const auto& [type, json, expected] : kCases)
        EXPECT_EQ(decode_as(type, json), expected) << type << " " << json;
}

TEST(RichJsonTest, TimesOnSomeClock) {
    EXPECT_EQ(decode_as("timestamp_ntz", "\"2026-11-27 14:00:00\""), "2026-11-27T14:00:00.000000");
    EXPECT_EQ(decode_as("timestamp_ntz", "\"2026-11-27T14:00:00.5\""),
              "2026-11-27T14:00:00.500000");
    EXPECT_EQ(
        decode_as("timestamp_ntz", "\"2026-11-27T14:00:00Z\""),
        "x: a time with a zone in a column without one: \"2026-11-27T14:00:00Z\": leave Z and "
        "offset out, or say timestamp for the column");
    EXPECT_EQ(decode_as("timestamp_ntz", "1790000000000"),
              "x: expected TIMESTAMP_NTZ, found number 1790000000000");
    EXPECT_EQ(decode_as("timestamp_ntz", "\"2026-13-27T14:00:00\""),
              "x: expected TIMESTAMP_NTZ, found string \"2026-13-27T14:00:00\"");
}

TEST(RichJsonTest, NestedValues) {
    // Each value: 01 and its payload, or 00 for NULL (nested.h).
    EXPECT_EQ(decode_as("struct<a: int, b: text>", R"({"b": "hi", "c": 9, "a": 7})"),
              "0107000000"
              "01020000006869");
    EXPECT_EQ(decode_as("struct<a: int, b: text>", R"({"a": null, "\u0062": "\u00e9"})"),
              "0001020000"
              "00c3a9");
    EXPECT_EQ(decode_as("list<bool>", "[true, null,false]"),
              "03000000"
              "0101"
              "00"
              "0100");
    EXPECT_EQ(decode_as("list<bool>", "[ ]"), "00000000");
    EXPECT_EQ(decode_as("map<text, int>", R"({"k":1,"k":2})"),
              "01000000"
              "01010000006b"
              "0102000000");
    EXPECT_EQ(decode_as("list<decimal(4,2)>", "[\"1.25\"]"),
              "01000000"
              "01"
              "7d000000000000000000000000000000");
    EXPECT_EQ(decode_as("list<struct<a: int>>", R"([{"a": 1}, {"a": "x"}])"),
              "x: [1].a: expected INTEGER, found string \"x\"");
    EXPECT_EQ(decode_as("map<text, decimal(4,2)>", R"({"eur": 1.234})"),
              "x: .eur: more than 2 digits behind the point for DECIMAL(4,2): 1.234");
    EXPECT_EQ(decode_as("struct<a: int>", "[1]"), "x: expected STRUCT<a: INTEGER>, found array");
    EXPECT_EQ(decode_as("list<int>", "{\"a\": 1}"), "x: expected LIST<INTEGER>, found object");
}

TEST(RichJsonTest, AFieldAsItsJson) {
    DecoderOptions options{.fields = {{"x", ColumnType::kText}}, .extra_column = ""};
    options.forms["x"].json = true;
    EXPECT_EQ(decode_one(options, R"({"x": {"a": [1, 2]}})"), R"('{"a": [1, 2]}')");
    EXPECT_EQ(decode_one(options, R"({"x": "a\n"})"), R"('"a\n"')");
    EXPECT_EQ(decode_one(options, R"({"x": 1.50})"), "'1.50'");
    EXPECT_EQ(decode_one(options, R"({"x": null})"), "NULL");
}

DecoderOptions path_options() {
    DecoderOptions options{.fields = {{"id", ColumnType::kInt64, true},
                                      {"city", ColumnType::kText},
                                      {"total", type_of("decimal(9,2)"), true},
                                      {"first", ColumnType::kText}},
                           .extra_column = "_extra"};
    options.forms["city"].path = {"customer", "address", "city"};
    options.forms["total"].path = {"sum", "total"};
    options.forms["first"].path = {"customer", "first name"};
    return options;
}

TEST(RichJsonTest, FieldsByTheirPath) {
    auto options = path_options();
    const std::string objects =
        R"("customer":{"address":{"city":"Ulm"},"first name":"A"},"sum":{"total":5}})";
    EXPECT_EQ(decode_one(options, R"({"id":1,)" + objects), "1|'Ulm'|5.00|'A'|'{" + objects + "'");
    // What is no object on the way there is a missing value.
    EXPECT_EQ(decode_one(options, R"({"id":1,"customer":[1],"sum":{"total":"5.1"},"city":"top"})"),
              R"(1|NULL|5.10|NULL|'{"customer":[1],"sum":{"total":"5.1"},"city":"top"}')");
    EXPECT_EQ(decode_one(options, R"({"id":1,"sum":{}})"), "total: field is missing");
    EXPECT_EQ(decode_one(options, R"({"id":1,"sum":{"total":null}})"), "total: value is null");
    EXPECT_EQ(decode_one(options, R"({"id":1,"sum":{"total":0.001}})"),
              "total: more than 2 digits behind the point for DECIMAL(9,2): 0.001");
    EXPECT_EQ(decode_one(options, R"({"id":1,"sum":{"total":1,"total":2}})").substr(0, 11),
              "1|NULL|2.00");
}

TEST(RichJsonTest, AnObjectAndAFieldOfIt) {
    DecoderOptions options{
        .fields = {{"customer", type_of("struct<id: int>")}, {"id", ColumnType::kInt32}},
        .extra_column = ""};
    options.forms["id"].path = {"customer", "id"};
    EXPECT_EQ(decode_one(options, R"({"customer": {"id": 7}})"), "0107000000|7");
    options.forms["id"].path = {"customer"};
    JsonBatchDecoder decoder(options, JsonWay::kWalk);
    EXPECT_EQ(decode_json(decoder, {}).rejected.at(0),
              "two columns are of the same field: customer");
}

// ---- random records ----

std::string pick(Random& random, std::initializer_list<const char*> choices) {
    return choices.begin()[random.below(choices.size())];
}

std::string random_value(Random& random, int depth) {
    switch (random.below(depth < 4 ? 8 : 5)) {
        case 0:
            return fmt::format("{}{}.{}", random.chance(0.3) ? "-" : "", random.below(2000),
                               random.below(1000));
        case 1:
            return fmt::format("\"{}.{:02}\"", random.below(100'000'000), random.below(100));
        case 2:
            return pick(random, {"null", "true", "7", "1e3", "12e-1", "\"text\"", "\"e\\u0301\"",
                                 "99999999999999999999", "-0.10", "\"2026-11-27 14:00:00\"",
                                 "\"2026-11-27\"", "\"2026-11-27T14:00:00.123Z\"", "\"1e2\""});
        case 3:
            return std::to_string(random.below(50));
        case 4:
            return "\"" + std::string(random.below(20), 'x') + "\"";
        case 5:
        case 6: {
            std::string out = "{";
            for (auto name : {"a", "b", "a", "c", "\\u0064", "total", "city"}) {
                if (random.chance(0.5)) continue;
                if (out.size() > 1) out += pick(random, {",", " , "});
                out += fmt::format("\"{}\":{}", name, random_value(random, depth + 1));
            }
            return out + "}";
        }
        default: {
            std::string out = "[";
            for (auto n = random.below(4); n > 0; --n)
                out += random_value(random, depth + 1) + (n > 1 ? "," : "");
            return out + "]";
        }
    }
}

TEST(RichJsonPropertyTest, TheWalkAgreesWithTheNaiveReading) {
    DecoderOptions options{
        .fields = {{"money", type_of("decimal(9,2)")},
                   {"large", type_of("decimal(38,4)")},
                   {"local", ColumnType::kTimestampNtz},
                   {"nested", type_of("struct<a: decimal(9,3), b: list<int>, d: text>")},
                   {"list", type_of("list<struct<a: bigint, c: map<text, double>>>")},
                   {"any", ColumnType::kText},
                   {"total", type_of("decimal(20,2)")},
                   {"city", ColumnType::kText}},
        .extra_column = "_extra"};
    options.forms["any"].json = true;
    options.forms["total"].path = {"o", "a", "total"};
    options.forms["city"].path = {"o", "city"};
    Random random(20261130);
    size_t rows = 0, rejected = 0;
    for (int round = 0; round < 300; ++round) {
        JsonBatchDecoder fast(options, JsonWay::kWalk), slow(options, JsonWay::kNaive);
        std::vector<std::string> values;
        for (auto n = 1 + random.below(60); n > 0; --n) {
            std::string record = "{";
            for (const auto* name :
                 {"money", "large", "local", "nested", "list", "any", "o", "x"}) {
                if (random.chance(0.7)) continue;
                if (record.size() > 1) record += ",";
                record += fmt::format("\"{}\":{}", name, random_value(random, 0));
            }
            values.push_back(record + "}");
            if (random.chance(0.1))
                values.back().erase(random.below(values.back().size()), random.below(4));
        }
        auto records = records_of(values);
        auto expected = decode_json(slow, records);
        ASSERT_EQ(decode_json(fast, records), expected) << round;
        rows += expected.rows.size();
        rejected += expected.rejected.size();
    }
    EXPECT_GT(rows, 1000u);
    EXPECT_GT(rejected, 1000u);
}

TEST(SelectRowsTest, DecimalsAndNestedValuesAreChosenWhole) {
    JsonBatchDecoder decoder(
        {.fields = {{"d", type_of("decimal(30,2)")}, {"l", type_of("list<text>")}},
         .extra_column = ""},
        JsonWay::kWalk);
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    auto batch = decoder.decode(
        records_of({R"({"d":1,"l":["one, and a long one"]})", R"({"d":2})", R"({"d":3,"l":[]})"}),
        accepted, rejected);
    ASSERT_TRUE(batch);
    const uint32_t rows[] = {2, 0};
    auto chosen = select_rows(**batch, rows);
    EXPECT_EQ(cell_text(chosen->columns[0], 0), "3.00");
    EXPECT_EQ(cell_text(chosen->columns[0], 1), "1.00");
    EXPECT_EQ(cell_text(chosen->columns[1], 0), "00000000");
    EXPECT_EQ(cell_text(chosen->columns[1], 1), cell_text((*batch)->columns[1], 0));
}

}  // namespace
}  // namespace tarn::codec
