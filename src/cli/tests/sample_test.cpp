// What a sample of events says of their fields.

#include "sample.h"

#include <gtest/gtest.h>

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
        {"a", {"\"12.30\"", "\"-0.5\""}, "decimal(18,2)"},
        {"a", {"\"12\""}, "text"},
        {"a", {"true", "false", "null"}, "bool"},
        {"a", {"\"x\""}, "text"},
        {"a", {"\"x\"", "1"}, "json"},
        {"a", {"null"}, "json"},
        {"a", {"\"2026-01-31\""}, "date"},
        {"a", {"\"2026-01-31T10:00:00Z\"", "\"2026-01-31 10:00:00.5+02:00\""}, "timestamp"},
        {"a", {"\"2026-01-31T10:00:00\"", "\"x\""}, "text"},
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
    EXPECT_FALSE(look_at_sample(""));
    EXPECT_FALSE(look_at_sample("nothing\n1\n"));
    EXPECT_FALSE(parse_sample(std::string(100, '[') + std::string(100, ']')));
    EXPECT_FALSE(parse_sample("{\"a\": 1} 2"));
}

}  // namespace
}  // namespace tarn::cli
