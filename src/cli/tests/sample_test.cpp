// What a sample of events says of their fields.

#include "sample.h"

#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_project.h"

namespace tarn::cli {
namespace {

Sample look(const std::string& lines) {
    auto sample = look_at_sample(lines);
    EXPECT_TRUE(sample) << sample.error().message();
    return sample ? std::move(*sample) : Sample();
}

// Of one field with these values, as JSON.
SampleColumn column(const std::string& name, std::initializer_list<const char*> values) {
    std::string lines;
    for (const auto* value : values)
        lines += "{\"" + name + "\": " + value + "}\n";
    auto sample = look(lines);
    EXPECT_EQ(sample.columns.size(), 1u) << name;
    return sample.columns.empty() ? SampleColumn() : sample.columns[0];
}

TEST(Sample, TypesHoldWhatWasSeenAndWhatComes) {
    struct Case {
        const char* name;
        std::initializer_list<const char*> values;
        const char* type;
    };
    const Case cases[] = {
        {"a", {"1", "-7"}, "bigint"},
        {"a", {"9223372036854775807"}, "bigint"},
        {"a", {"18446744073709551615"}, "decimal(38,0)"},
        {"a", {"1", "0.25"}, "double"},
        {"price", {"1", "0.25"}, "decimal(18,2)"},
        {"unit_price", {"1.125"}, "decimal(18,4)"},
        {"netAmount", {"12"}, "decimal(18,2)"},
        {"price", {"1e3", "2.5"}, "double"},
        {"price", {"0.30000000000000004"}, "decimal(38,17)"},
        {"price", {"12345678901234567.25", "1"}, "decimal(38,2)"},
        {"price", {"123456789012345678901234567890123456.25"}, "decimal(38,2)"},
        {"price", {"1234567890123456789012345678901234567.5"}, "decimal(38,1)"},
        {"price", {"1234567890123456789012345678901234567.25"}, "double"},
        {"price", {"12345678901234567890"}, "decimal(38,2)"},
        {"price", {"12345678901234567890123456789012345678"}, "decimal(38,0)"},
        {"a", {"\"12.30\"", "\"-0.5\""}, "decimal(18,2)"},
        {"a", {"\"12\""}, "text"},
        {"a", {"true", "false", "null"}, "bool"},
        {"a", {"\"x\""}, "text"},
        {"a", {"\"x\"", "1"}, "json"},
        {"a", {"null"}, "json"},
        {"a", {"\"2026-01-31\""}, "date"},
        {"a", {"\"2026-01-31T10:00:00Z\"", "\"2026-01-31 10:00:00.5+02:00\""}, "timestamp"},
        {"a", {"\"2026-01-31T10:00:00\"", "\"x\""}, "text"},
        {"a", {"\"2026-01-31\"", "\"2026-02-30\""}, "text"},
        {"a", {"\"2024-02-29\""}, "date"},
        {"a", {"\"0000-01-01\""}, "text"},
        {"a", {"\"2026-01-31T24:00:00Z\""}, "text"},
        {"a", {"\"2026-01-31T23:59:60Z\""}, "text"},
        {"a", {"\"2026-02-29T10:00:00Z\""}, "text"},
        {"a", {"\"2026-01-31T10:00:00.Z\""}, "text"},
        {"a", {"\"2026-01-31T10:00:00.1234567891Z\""}, "text"},
        {"a", {"\"2026-01-31T10:00:00+99:00\""}, "text"},
        {"a", {"\"0001-01-01T00:00:00+10:00\""}, "text"},
        {"a", {"1", "1e2", "1.5"}, "double"},
        {"a", {"\"01890a5d-ac96-774b-bcce-b302099a8057\""}, "uuid"},
        {"a", {"[1, 2]", "[]"}, "list<bigint>"},
        {"a", {"[]"}, "json"},
        {"a", {"[1, \"x\"]"}, "json"},
        {"a",
         {"{\"b\": 1}", "{\"c\": [{\"d\": true}]}"},
         "struct<b: bigint, c: list<struct<d: bool>>>"},
        {"a", {"{\"b c\": 1}"}, "json"},
        {"a", {"{\"b\": 1, \"B\": 2}"}, "json"},
        {"a", {"{}"}, "json"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(column(one.name, one.values).type, one.type) << *one.values.begin();
}

TEST(Sample, NumbersUnderANameOfTimeAreTimes) {
    EXPECT_EQ(column("created_at", {"1770000000"}).type, "timestamp");
    EXPECT_EQ(column("created_at", {"1770000000"}).unit, "s");
    EXPECT_EQ(column("createdAt", {"1770000000123"}).unit, "") << "milliseconds are the default";
    EXPECT_EQ(column("ts", {"1770000000123456"}).unit, "us");
    EXPECT_EQ(column("ts", {"17"}).type, "bigint");
    EXPECT_EQ(column("format", {"1770000000"}).type, "bigint") << "no word of it is at";
}

TEST(Sample, NamesThatNoColumnCanHaveGetOne) {
    auto named = column("order-id", {"1"});
    EXPECT_EQ(named.name, "order_id");
    EXPECT_EQ(named.path, "order-id");
    auto sample = look("{\"a.b\": 1, \"x.y z\": 1, \"A\": 1, \"a\": 2, \"_offset\": 3, \"\": 4}\n");
    ASSERT_EQ(sample.columns.size(), 1u);
    EXPECT_EQ(sample.columns[0].name, "A");
    EXPECT_EQ(sample.left_out, (std::vector<std::string>{"a.b", "x.y z", "a", "_offset", ""}));
    // What no line of tarn.yml can show, or is too long, or is said of a row by its table.
    const std::string is_long(300, 'x');
    sample =
        look(R"({"a\nb": 1, "\u0000": 1, "\u0085": 1, "\u2028": 1, "ü": 1, "_rejected": 1, ")" +
             is_long + "\": 1, \"Reason\": 1, \"_reason\": 1, \"_processed_at\": 1}\n");
    ASSERT_EQ(sample.columns.size(), 2u);
    EXPECT_EQ(sample.columns[0].path, "ü");
    EXPECT_EQ(sample.columns[1].name, "Reason_of_event") << "the late rows have a reason of theirs";
    EXPECT_EQ(sample.columns[1].path, "Reason");
    EXPECT_EQ(sample.left_out.size(), 8u);
}

TEST(Sample, KeysThatAreDataMakeAMap) {
    // None of four keys or more is in half of the objects.
    EXPECT_EQ(column("a", {R"({"b": "1"})", R"({"c": "x"})", R"({"d": null, "e f": "y"})"}).type,
              "map<text, text>");
    EXPECT_EQ(column("a", {R"({"b": 1})", R"({"c": 2.5})", R"({"d": 3, "e": 4})"}).type,
              "map<text, double>");
    EXPECT_EQ(column("a", {R"({"b": 1})", R"({"c": "x"})", R"({"d": 3, "e": 4})"}).type, "json");
    EXPECT_EQ(column("a", {R"({"b": {"c": 1}})", R"({"d": {"c": 1, "e": [true]}})",
                           R"({"f": {"c": 2}, "g": {"c": 3}})"})
                  .type,
              "map<text, struct<c: bigint, e: list<bool>>>");
    EXPECT_EQ(
        column("a", {R"({"b": 1, "c": 1})", R"({"b": 2, "d": 1})", R"({"b": 2, "e": 1})"}).type,
        "struct<b: bigint, c: bigint, d: bigint, e: bigint>")
        << "b is in all of them";
    EXPECT_EQ(column("a", {R"({"b": 1, "c": 1, "d": 1, "e": 1})"}).type,
              "struct<b: bigint, c: bigint, d: bigint, e: bigint>");
    // More keys than are looked at: the last is of another type.
    std::string lines;
    for (int n = 0; n < 300; ++n)
        lines += "{\"a\": {\"k" + std::to_string(n) + "\": " + (n < 299 ? "1" : "\"x\"") + "}}\n";
    EXPECT_EQ(look(lines).columns.at(0).type, "json") << "no event of the sample is refused";
}

TEST(Sample, ModelsHaveNoColumnTwice) {
    std::string lines;
    for (int n = 0; n < 20; ++n)
        lines += "{\"id\": " + std::to_string(n) +
                 R"(, "at": "2026-01-01T00:00:00Z", "EVENTS": "e")" +
                 R"(, "window_start": "x", "total": 1.5, "sum_of_total": 1})" + "\n";
    auto files = project_of_sample(look(lines), {"shop", "orders", "orders"});
    const auto& model = files.at("models/live/orders_windows.sql");
    EXPECT_THAT(model, testing::HasSubstr(" as window_start_2,\n"));
    EXPECT_THAT(model, testing::HasSubstr("\"EVENTS\",\n    count(*) as events_2,\n"));
    EXPECT_THAT(model, testing::HasSubstr("sum(\"total\") as \"sum_of_total_2\"\n"));
}

TEST(Sample, ColumnsAreForSomething) {
    std::string lines;
    for (int n = 0; n < 20; ++n)
        lines +=
            "{\"user_id\": " + std::to_string(n % 3) + ", \"id\": " + std::to_string(n) +
            ", \"country\": \"" + (n % 2 ? "DE" : "FR") + "\", \"size\": 3, \"total\": 1.5" +
            ", \"shipped_at\": \"2026-01-01T00:00:00Z\"" +
            (n ? ", \"paid_at\": \"2026-01-01T00:00:00Z\"" : "") +
            ", \"created_at\": \"2026-01-01T00:00:" + (n == 9 ? "02" : std::to_string(10 + n)) +
            "+01:00\"}\n";
    auto sample = look(lines + "no JSON\n\n[1]\n");
    EXPECT_EQ(sample.events, 20);
    EXPECT_EQ(sample.not_events, 2);
    EXPECT_EQ(sample.key, "id");
    EXPECT_EQ(sample.event_time, "created_at");
    EXPECT_EQ(sample.group, "country");
    EXPECT_EQ(sample.amount, "total");
    EXPECT_EQ(sample.disorder, Duration::seconds(16));
    EXPECT_EQ(sample.span, Duration::seconds(27));
    for (const auto& one : sample.columns)
        EXPECT_EQ(one.required, one.name == "id" || one.name == "created_at") << one.name;
}

TEST(Sample, WithoutAnEventThereIsNone) {
    auto why = [](const std::string& lines) {
        auto sample = look_at_sample(lines);
        return sample ? "" : sample.error().message();
    };
    using testing::HasSubstr;
    EXPECT_THAT(why(""), HasSubstr("no event"));
    EXPECT_THAT(why("nothing\n1\n"), HasSubstr("line 1: it is not JSON"));
    EXPECT_THAT(why("\n[1]\n"), HasSubstr("line 2: it is no object"));
    EXPECT_THAT(why("{\"a\": 1} 2"), HasSubstr("line 1: it is not JSON"));
    EXPECT_THAT(why("{\"a\": \"\xfc\"}"), HasSubstr("line 1: its text is not UTF-8"));
    EXPECT_THAT(why("\xef\xbb\xbf{\"a\": 1}"), HasSubstr("line 1: it begins with a byte order"));
    auto nested = [](size_t depth) {
        return "{\"a\": " + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}\n";
    };
    EXPECT_THAT(why(nested(513)), HasSubstr("line 1: it is nested more than 512 deep"));
    for (size_t depth : {17, 32, 33, 34, 512})
        EXPECT_EQ(look(nested(depth)).columns.at(0).type, "json") << depth;
}

TEST(Sample, OfAKeyThatStandsTwiceTheLastValueCounts) {
    auto sample = look("{\"a\": \"x\", \"a\": 1}\n{\"b\": 1}\n");
    EXPECT_EQ(sample.columns.at(0).type, "bigint");
    EXPECT_EQ(sample.columns.at(1).name, "b");
}

TEST(Sample, ItIsReadAsFarAsItIsLookedAt) {
    const auto path = testing::TempDir() + "/sample_read_test.jsonl";
    {
        std::ofstream out(path);
        for (int n = 0; n < 500'000; ++n)
            out << "{\"a\": " << n << "}\n";
    }
    auto text = read_sample(path);
    ASSERT_TRUE(text) << text.error().message();
    EXPECT_LT(text->size(), size_t(3) << 20);
    EXPECT_TRUE(text->ends_with("}\n")) << "no part of a line";
    EXPECT_EQ(look(*text).events, kMostLines);
    EXPECT_FALSE(read_sample(path + ".none"));
    EXPECT_FALSE(read_sample(testing::TempDir())) << "a folder";
    std::remove(path.c_str());
}

}  // namespace
}  // namespace tarn::cli
