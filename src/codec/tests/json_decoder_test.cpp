// What JSON becomes which row, what is rejected and why, and that the fast walk and the naive
// reading agree.

#include "tarn/codec/json_decoder.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "json_test_support.h"
#include "json_text.h"
#include "tarn/base/ids.h"

namespace tarn::codec {
namespace {

// One record through both ways: the row, or "field: reason" of its rejection.
std::string decode_one(const JsonDecoderOptions& options, const std::string& json) {
    std::string results[2];
    bool refused = false;
    for (auto way : {JsonWay::kWalk, JsonWay::kNaive}) {
        JsonBatchDecoder decoder(options, way);
        auto out = decode_json(decoder, records_of({json}));
        refused = out.rows.empty();
        results[int(way)] = refused ? out.rejected.at(0).substr(2) : out.rows[0];
    }
    EXPECT_EQ(results[0], results[1]) << json;
    // Nobody wants its columns: it is accepted or rejected as before.
    auto checked = options;
    checked.wanted.emplace();
    for (auto way : {JsonWay::kWalk, JsonWay::kNaive}) {
        JsonBatchDecoder decoder(checked, way);
        auto out = decode_json(decoder, records_of({json}));
        EXPECT_EQ(out.rows.empty(), refused) << json;
        if (refused) {
            EXPECT_EQ(out.rejected.at(0).substr(2), results[0]) << json;
        }
    }
    return results[0];
}

std::string decode_as(ColumnType type, const std::string& value) {
    return decode_one({{{"x", type}}, "", 0}, "{\"x\":" + value + "}");
}

struct Case {
    ColumnType type;
    std::string json, expected;
};

using enum ColumnType::Kind;

const Case kValues[] = {
    {kBool, "true", "true"},
    {kBool, "false", "false"},
    {kBool, "null", "NULL"},
    {kBool, "1", "x: expected BOOLEAN, found number 1"},
    {kBool, "truex", "not a JSON object"},
    {kInt64, "0", "0"},
    {kInt64, "-0", "0"},
    {kInt64, "9223372036854775807", "9223372036854775807"},
    {kInt64, "-9223372036854775808", "-9223372036854775808"},
    {kInt64, "9223372036854775808", "x: out of range for BIGINT: 9223372036854775808"},
    {kInt64, "99999999999999999999", "x: out of range for BIGINT: 99999999999999999999"},
    {kInt64, "1.0", "x: expected BIGINT, found number 1.0"},
    {kInt64, "1e2", "x: expected BIGINT, found number 1e2"},
    {kInt64, "\"1\"", "x: expected BIGINT, found string \"1\""},
    {kInt64, "[1]", "x: expected BIGINT, found array"},
    {kInt64, "01", "not a JSON object"},
    {kInt64, "+1", "not a JSON object"},
    {kInt64, "-", "not a JSON object"},
    {kInt32, "2147483647", "2147483647"},
    {kInt32, "2147483648", "x: out of range for INTEGER: 2147483648"},
    {kInt32, "-2147483648", "-2147483648"},
    {kDouble, "1", "1"},
    {kDouble, "-0.25", "-0.25"},
    {kDouble, "1e3", "1000"},
    {kDouble, "0.1e1", "1"},
    {kDouble, "5e-324", "5e-324"},
    {kDouble, "1e-400", "0"},
    {kDouble, "0e999999999999", "0"},
    {kDouble, "1e400", "x: out of range for DOUBLE: 1e400"},
    {kDouble, "1.", "not a JSON object"},
    {kDouble, ".5", "not a JSON object"},
    {kDouble, "NaN", "not a JSON object"},
    {kText, "\"\"", "''"},
    {kText, "\"twelve chars\"", "'twelve chars'"},
    {kText, "\"thirteen char\"", "'thirteen char'"},
    {kText, R"("a\"\\\/\b\f\n\r\té€\ud83d\ude00")", "'a\"\\/\b\f\n\r\té€😀'"},
    {kText, R"("\u0000")", std::string("'\0'", 3)},
    {kText, R"("\ud83d")", "not a JSON object"},
    {kText, R"("\ude00")", "not a JSON object"},
    {kText, R"("\x")", "not a JSON object"},
    {kText, "\"a\tb\"", "not a JSON object"},
    {kText, "\"\xff\"", "not a JSON object"},
    {kText, "12", "x: expected VARCHAR, found number 12"},
    {kText, R"({"a": [1, 2]})", R"('{"a": [1, 2]}')"},
    {kText, "[ ]", "'[ ]'"},
    {kText, "[1,]", "not a JSON object"},
    {kBytes, "\"ab\"", "'ab'"},
    {kBytes, "[]", "x: expected BLOB, found array"},
    {kTimestamp, "\"2026-01-31T23:59:58Z\"", "2026-01-31T23:59:58.000000Z"},
    {kTimestamp, "\"2026-01-31T23:59:58.1234567Z\"", "2026-01-31T23:59:58.123456Z"},
    {kTimestamp, "\"2026-02-01T01:59:58.5+02:00\"", "2026-01-31T23:59:58.500000Z"},
    {kTimestamp, "\"2026-01-31 18:29:58-05:30\"", "2026-01-31T23:59:58.000000Z"},
    {kTimestamp, "\"1969-12-31T23:59:59.999999Z\"", "1969-12-31T23:59:59.999999Z"},
    {kTimestamp, "\"2024-02-29T00:00:00Z\"", "2024-02-29T00:00:00.000000Z"},
    {kTimestamp, "1700000000123", "2023-11-14T22:13:20.123000Z"},
    {kTimestamp, "-1", "1969-12-31T23:59:59.999000Z"},
    {kTimestamp, "9223372036854775807",
     "x: out of range for TIMESTAMPTZ: 9223372036854775807 milliseconds: times are of the years 1 "
     "to "
     "9999"},
    {kTimestamp, "1790000000000000",
     "x: out of range for TIMESTAMPTZ: 1790000000000000 milliseconds: times are of the years 1 to "
     "9999; in microseconds it is 2026-09-21: say unit: us for the column"},
    {kTimestamp, "253402300799999", "9999-12-31T23:59:59.999000Z"},
    {kTimestamp, "-62135596800000", "0001-01-01T00:00:00.000000Z"},
    {kTimestamp, "-62135596800001",
     "x: out of range for TIMESTAMPTZ: -62135596800001 milliseconds: times are of the years 1 to "
     "9999"},
    {kTimestamp, "\"0001-01-01T00:00:00+01:00\"",
     "x: out of range for TIMESTAMPTZ: \"0001-01-01T00:00:00+01:00\": times are of the years 1 to "
     "9999"},
    {kTimestamp, "\"0000-12-31T00:00:00Z\"",
     "x: out of range for TIMESTAMPTZ: \"0000-12-31T00:00:00Z\": times are of the years 1 to 9999"},
    {kTimestamp, "\"9999-12-31T23:59:59-01:00\"",
     "x: out of range for TIMESTAMPTZ: \"9999-12-31T23:59:59-01:00\": times are of the years 1 to "
     "9999"},
    {kTimestamp, "\"2026-02-01T01:59:58+0200\"", "2026-01-31T23:59:58.000000Z"},
    {kTimestamp, "\"2026-02-01T01:59:58+02\"", "2026-01-31T23:59:58.000000Z"},
    {kTimestamp, "\"2026-02-01 01:59:58.25 -01\"", "2026-02-01T02:59:58.250000Z"},
    {kTimestamp, "\"2026-02-01 01:59:58 +2\"", "x: expected TIMESTAMPTZ"},
    {kTimestamp, "1.5", "x: expected TIMESTAMPTZ, found number 1.5"},
    {kTimestamp, "\"2026-02-29T00:00:00Z\"",
     "x: expected TIMESTAMPTZ, found string \"2026-02-29T00:00:00Z\""},
    {kTimestamp, "\"2026-01-31T24:00:00Z\"", "x: expected TIMESTAMPTZ"},
    {kTimestamp, "\"2026-01-31T23:59:58\"",
     "x: a time without a zone: \"2026-01-31T23:59:58\": write Z or an offset such as +02:00 "
     "behind "
     "it, or say zone: UTC for the column"},
    {kTimestamp, "\"2026-01-31 23:59:58.5\"",
     "x: a time without a zone: \"2026-01-31 23:59:58.5\": write Z or an offset such as +02:00 "
     "behind it, or say zone: UTC for the column"},
    {kTimestamp, "\"2026-01-31T23:59:58.Z\"", "x: expected TIMESTAMPTZ"},
    {kTimestamp, "\"2026-01-31T23:59:58.1234567890Z\"", "x: expected TIMESTAMPTZ"},
    {kTimestamp, "\"2026-01-31T23:59:58Zx\"", "x: expected TIMESTAMPTZ"},
    {kTimestamp, "true", "x: expected TIMESTAMPTZ, found boolean true"},
    {kDate, "\"2026-01-31\"", "2026-01-31"},
    {kDate, "\"2026-1-31\"", "x: expected DATE"},
    {kDate, "\"2026-02-30\"", "x: expected DATE"},
    {kDate, "\"0000-12-31\"",
     "x: out of range for DATE: \"0000-12-31\": dates are of the years 1 to 9999"},
    {kDate, "\"0001-01-01\"", "0001-01-01"},
    {kDate, "20260131", "x: expected DATE, found number 20260131"},
};

TEST(JsonDecoderTest, ValuesOfEachType) {
    for (const auto& c : kValues) {
        auto got = decode_as(c.type, c.json);
        bool prefix = c.expected.starts_with("not a JSON") || c.expected.ends_with("TIMESTAMPTZ") ||
                      c.expected.ends_with("DATE");
        if (c.expected.starts_with("not a JSON")) got = got.substr(std::min<size_t>(2, got.size()));
        EXPECT_EQ(prefix ? got.substr(0, c.expected.size()) : got, c.expected)
            << to_string(c.type) << " " << c.json;
    }
}

TEST(JsonDecoderTest, TimesInTheFormThatTheFieldSays) {
    using Unit = TimeForm::Unit;
    auto read = [](TimeForm form, const std::string& json) {
        JsonDecoderOptions options{{{"x", kTimestamp}}, "", 0};
        options.times = {{"x", form}};
        return decode_one(options, "{\"x\": " + json + "}");
    };
    EXPECT_EQ(read({.unit = Unit::kSeconds}, "1700000000"), "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(read({.unit = Unit::kSeconds}, "1700000000.25"), "2023-11-14T22:13:20.250000Z");
    EXPECT_EQ(read({.unit = Unit::kSeconds}, "1.7e9"), "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(read({.unit = Unit::kSeconds}, "1700000000123"),
              "x: out of range for TIMESTAMPTZ: 1700000000123 seconds: times are of the years 1 to "
              "9999; in milliseconds it is 2023-11-14: say unit: ms for the column");
    EXPECT_EQ(read({.unit = Unit::kMicros}, "1700000000123456"), "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(read({.unit = Unit::kNanos}, "1700000000123456789"), "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(read({.unit = Unit::kNanos}, "-1"), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(read({.zone = Duration{}}, "\"2026-11-27 14:00:00\""), "2026-11-27T14:00:00.000000Z");
    EXPECT_EQ(read({.zone = parse_zone("+02:00")}, "\"2026-11-27T14:00:00.5\""),
              "2026-11-27T12:00:00.500000Z");
    EXPECT_EQ(read({.zone = parse_zone("+02:00")}, "\"2026-11-27T14:00:00Z\""),
              "2026-11-27T14:00:00.000000Z")
        << "one that is written goes before";
    for (auto bad : {"", "2", "+2", "+24:00", "+02:60", "Europe/Berlin", "+02:0x"})
        EXPECT_FALSE(parse_zone(bad)) << bad;
}

TEST(JsonDecoderTest, RecordsThatAreNoObjects) {
    JsonDecoderOptions options{{{"x", ColumnType::kInt64}}, "", 0};
    EXPECT_EQ(decode_one(options, "{}"), "NULL");
    EXPECT_EQ(decode_one(options, " { } \r\n"), "NULL");
    EXPECT_EQ(decode_one(options, "{\"x\" :\t1 }"), "1");
    EXPECT_EQ(decode_one(options, "[1]"), ": not a JSON object: no opening brace at byte 0");
    EXPECT_EQ(decode_one(options, "  "), ": not a JSON object: no opening brace at byte 2");
    for (auto bad : {"{", "{\"x\"", "{\"x\":", "{\"x\":1", "{\"x\":1,", "{\"x\":1,}", "{,}",
                     "{\"x\":1}}", "{\"x\":1} 2", "{\"x\" 1}", "{x:1}", "{\"x\":1 \"y\":2}",
                     "{\"x\":\"}", "\"", "{\"y\":tru}", "{\"y\":[}", "1"})
        EXPECT_TRUE(decode_one(options, bad).starts_with(": not a JSON object: ")) << bad;
}

TEST(JsonDecoderTest, MissingNullAndDuplicateFields) {
    JsonDecoderOptions options{{{"a", ColumnType::kInt64, true}, {"b", ColumnType::kText}}, "", 0};
    EXPECT_EQ(decode_one(options, R"({"a":1})"), "1|NULL");
    EXPECT_EQ(decode_one(options, R"({"b":"x"})"), "a: field is missing");
    EXPECT_EQ(decode_one(options, R"({"a":null})"), "a: value is null");
    EXPECT_EQ(decode_one(options, R"({"a":1,"a":2})"), "2|NULL");
    EXPECT_EQ(decode_one(options, R"({"a":"x","a":2})"), "2|NULL") << "only the last counts";
    EXPECT_EQ(decode_one(options, R"({"a":1,"\u0061":3})"), "3|NULL")
        << "an escaped name is the same name";
    EXPECT_EQ(decode_one(options, R"({"b":"","a":1,"c":[{"a":2}]})"), "1|''");
}

TEST(JsonDecoderTest, UndeclaredFieldsAreGatheredAsTheyCame) {
    JsonDecoderOptions options{{{"a", ColumnType::kInt64}}, "rest", 0};
    EXPECT_EQ(decode_one(options, R"({"a":1})"), "1|NULL");
    EXPECT_EQ(decode_one(options, R"({"b" : 1.50, "a":1,"c":{ "d":"\u0041" },"e\"":"x","b":null})"),
              R"(1|'{"b":1.50,"c":{ "d":"\u0041" },"e\"":"x","b":null}')");
}

TEST(JsonDecoderTest, RejectionsNameTheRecordInOrder) {
    JsonDecoder decoder({{{"a", ColumnType::kInt64, true}}, "", 0});
    std::vector<std::string> values = {R"({"a":1})", "",          R"({"a":"x"})",
                                       R"({"a":2})", "{\"a\":\"", R"({"a":3})"};
    auto records = records_of(values);
    records.push_back({});
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    auto batch = decoder.decode(records, nullptr, accepted, rejected);
    ASSERT_TRUE(batch);
    EXPECT_EQ(accepted, (std::vector<uint32_t>{0, 3, 5}));
    ASSERT_EQ(rejected.size(), 4u);
    EXPECT_EQ(rejected[0].record, 1u);
    EXPECT_EQ(rejected[0].reason, "no value");
    EXPECT_EQ(rejected[1].field, "a");
    EXPECT_EQ(rejected[2].record, 4u);
    EXPECT_EQ(rejected[3].record, 6u);
    EXPECT_EQ((*batch)->columns[0].values<int64_t>()[2], 3);
}

TEST(JsonDecoderTest, TextLivesAsLongAsTheBatch) {
    std::shared_ptr<ColumnBatch> batch;
    {
        JsonDecoder decoder({{{"a", ColumnType::kText}, {"b", ColumnType::kText}}, "", 0});
        std::vector<std::string> values = {
            R"({"a":"longer than twelve bytes","b":"with \" an escape in it"})"};
        std::vector<uint32_t> accepted;
        std::vector<Rejected> rejected;
        batch = *decoder.decode(records_of(values), nullptr, accepted, rejected);
    }
    EXPECT_EQ(batch->columns[0].text(0), "longer than twelve bytes");
    EXPECT_EQ(batch->columns[1].text(0), "with \" an escape in it");
}

TEST(JsonDecoderTest, FewDistinctTextsAreCoded) {
    auto decode = [](JsonDecoder& decoder, int rows, int distinct) {
        std::vector<std::string> values;
        for (int i = 0; i < rows; ++i)
            values.push_back(
                i % 7 == 3 ? "{}" : fmt::format(R"({{"a":"value number {}"}})", i % distinct));
        std::vector<uint32_t> accepted;
        std::vector<Rejected> rejected;
        auto batch = *decoder.decode(records_of(values), nullptr, accepted, rejected);
        for (int i = 0; i < rows; ++i) {
            EXPECT_EQ(batch->columns[0].is_null(size_t(i)), i % 7 == 3);
            if (i % 7 == 3) continue;
            EXPECT_EQ(batch->columns[0].text(size_t(i)),
                      fmt::format("value number {}", i % distinct));
        }
        return batch;
    };
    JsonDecoder decoder({{{"a", ColumnType::kText}}, "", 100});
    auto few = decode(decoder, 5000, 100);
    EXPECT_TRUE(few->columns[0].dictionary);
    EXPECT_EQ(few->columns[0].dictionary_size(), 100u);
    EXPECT_FALSE(decode(decoder, 5000, 101)->columns[0].dictionary);
    EXPECT_FALSE(decode(decoder, 50, 50)->columns[0].dictionary) << "all differ";
    JsonDecoder never({{{"a", ColumnType::kText}}, "", 0});
    EXPECT_FALSE(decode(never, 500, 2)->columns[0].dictionary);
    JsonDecoder nulls({{{"b", ColumnType::kText}}, "", 10});
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    auto batch = *nulls.decode(records_of({"{}", "{}"}), nullptr, accepted, rejected);
    EXPECT_FALSE(batch->columns[0].dictionary)
        << "a dictionary without entries has no code for a null row";
}

TEST(JsonDecoderTest, AmbiguousFieldsAreRefused) {
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    JsonDecoder twice({{{"a", ColumnType::kText}, {"a", ColumnType::kInt64}}, "", 0});
    EXPECT_EQ(twice.decode({}, nullptr, accepted, rejected).error().code(),
              ErrorCode::kInvalidArgument);
    JsonDecoder extra({{{"a", ColumnType::kText}}, "a", 0});
    EXPECT_EQ(extra.decode({}, nullptr, accepted, rejected).error().code(),
              ErrorCode::kInvalidArgument);
}

// ---- random records ----

std::string pick(Random& random, std::initializer_list<const char*> choices) {
    return choices.begin()[random.below(choices.size())];
}

std::string random_value(Random& random, int depth = 0) {
    switch (random.below(depth < 3 ? 9 : 7)) {
        case 0:
            return std::to_string(int64_t(random.next()) >> random.below(64));
        case 1:
            return fmt::format(
                "{}", double(int64_t(random.next())) / double(1 + random.below(1'000'000)));
        case 2:
            return fmt::format("{}.{:02}", random.below(1000), random.below(100));
        case 3:
            return pick(random, {"true", "false", "null", "0", "-1", "1e5", "1E-7", "-0.0"});
        case 4:
            return fmt::format(
                "\"2026-0{}-{:02}T{:02}:0{}:{:02}{}\"", 1 + random.below(9), random.below(33),
                random.below(25), random.below(9), random.below(62),
                pick(random, {"Z", ".5Z", ".123456789Z", "+02:00", "-00:30", "", ".Z"}));
        case 5:
            return fmt::format("\"2026-1{}-{:02}\"", random.below(3), random.below(33));
        case 6:
            return pick(random, {"\"\"", "\"view\"", "\"click\"", "\"purchase\"",
                                 "\"a longer text than twelve\"", R"("es\"caped\n")", R"("😀 é")",
                                 "\"ünïcode\"", R"("\\")", R"("\\\"")"});
        case 7:
            return fmt::format("[{},{}]", random_value(random, depth + 1),
                               random_value(random, depth + 1));
        default:
            return fmt::format("{{\"k\": {}}}", random_value(random, depth + 1));
    }
}

std::string random_record(Random& random) {
    std::string out = "{";
    for (auto name : {"id", "kind", "price", "n", "ok", "at", "day", "raw", "a longer name",
                      "other", "o\\u0074her"}) {
        if (random.chance(0.15) || (name[0] == 'o' && random.chance(0.7))) continue;
        if (out.size() > 1) out += pick(random, {",", ",", ",", " , ", ",\n"});
        out += fmt::format("\"{}\"{}", name, pick(random, {":", ":", ":", ": ", " :"}));
        std::string value;
        switch (random.chance(0.97) ? name[0] : '?') {
            case 'i':
                value = std::to_string(random.below(100'000));
                break;
            case 'p':
                value = fmt::format("{}.{}", random.below(500), random.below(100));
                break;
            case 'a':
                value = name[1] == 't'
                            ? fmt::format("\"2026-01-31T23:5{}:{:02}.{:03}Z\"", random.below(3),
                                          random.below(60), random.below(1000))
                            : fmt::format("\"text {}\"", random.below(20));
                break;
            case 'n':
                value = std::to_string(random.below(1000));
                break;
            case 'o':
                value =
                    name[1] == 'k' ? pick(random, {"true", "false", "null"}) : random_value(random);
                break;
            case 'd':
                value = fmt::format("\"2026-01-{:02}\"", 1 + random.below(30));
                break;
            case 'r':
                value = fmt::format("\"{}\"", std::string(random.below(20), 'r'));
                break;
            case 'k':
                value = fmt::format("\"kind{}\"", random.below(5));
                break;
            default:
                value = random_value(random);
        }
        out += value;
    }
    return out + "}";
}

// Flips, cuts, doubles: what broken producers and evil ones send.
std::string mutate(Random& random, std::string s) {
    for (auto n = 1 + random.below(3); n > 0; --n) {
        size_t at = random.below(s.size() + 1);
        constexpr std::string_view kEvil = "{}[]\",:\\\n \t0-.etn\x00\x1f\xff\xc3";
        switch (random.below(4)) {
            case 0:
                s.insert(at, 1, kEvil[random.below(kEvil.size())]);
                break;
            case 1:
                if (at < s.size()) s[at] = kEvil[random.below(kEvil.size())];
                break;
            case 2:
                s.erase(at, random.below(5));
                break;
            default:
                s = random.chance(0.3) ? s.substr(0, at) : s.substr(0, at) + s.substr(at / 2);
        }
    }
    return s;
}

TEST(JsonDecoderPropertyTest, TheWalkAgreesWithTheNaiveReading) {
    Random random(20260131);
    for (bool extra : {false, true}) {
        JsonBatchDecoder walk(mixed_options(extra), JsonWay::kWalk),
            naive(mixed_options(extra), JsonWay::kNaive);
        size_t rows = 0, rejected = 0;
        for (int round = 0; round < 150; ++round) {
            std::vector<std::string> values;
            double evil = round % 3 == 0 ? 0 : round % 3 == 1 ? 0.02 : 0.5;
            for (auto n = 1 + random.below(200); n > 0; --n) {
                values.push_back(random_record(random));
                if (random.chance(evil)) values.back() = mutate(random, values.back());
            }
            auto records = records_of(values);
            auto fast = decode_json(walk, records), slow = decode_json(naive, records);
            ASSERT_EQ(fast.accepted, slow.accepted) << round;
            ASSERT_EQ(fast.rejected, slow.rejected) << round;
            ASSERT_EQ(fast.rows, slow.rows) << round;
            rows += fast.rows.size();
            rejected += fast.rejected.size();
        }
        EXPECT_GT(rows, 1000u);
        EXPECT_GT(rejected, 1000u);
    }
}

// The naive reading itself against simdjson's parser: both find the same texts to be JSON.
// Who wants which columns changes neither what is accepted nor what stands in them.
TEST(JsonDecoderPropertyTest, WantedColumnsAreThoseOfAllColumns) {
    Random random(20261129);
    size_t rows = 0, rejected = 0;
    for (int round = 0; round < 300; ++round) {
        auto options = mixed_options(round % 2 == 0);
        JsonBatchDecoder all(options, JsonWay::kWalk);
        auto some = options;
        some.wanted.emplace();
        for (const auto& field : options.fields)
            if (random.chance(0.4)) some.wanted->push_back(field.name);
        if (round % 4 == 0) some.extra_column.clear();
        JsonBatchDecoder fast(some, JsonWay::kWalk), slow(some, JsonWay::kNaive);
        std::vector<std::string> values;
        for (auto n = 1 + random.below(100); n > 0; --n) {
            values.push_back(random_record(random));
            if (random.chance(0.1)) values.back() = mutate(random, values.back());
        }
        auto records = records_of(values);
        std::vector<uint32_t> accepted;
        std::vector<Rejected> refused;
        auto whole = all.decode(records, accepted, refused);
        ASSERT_TRUE(whole);
        DecodedJson expected{.rows = {}, .accepted = accepted, .rejected = {}};
        for (const auto& r : refused)
            expected.rejected.push_back(fmt::format("{} {}: {}", r.record, r.field, r.reason));
        for (size_t row = 0; row < accepted.size(); ++row) {
            std::string line;
            for (size_t i = 0; i < (*whole)->columns.size(); ++i) {
                const auto& name = (*whole)->schema[i].name;
                bool wanted = name == "_extra"
                                  ? !some.extra_column.empty()
                                  : std::ranges::find(*some.wanted, name) != some.wanted->end();
                if (wanted)
                    line += (line.empty() ? "" : "|") + cell_text((*whole)->columns[i], row);
            }
            expected.rows.push_back(std::move(line));
        }
        ASSERT_EQ(decode_json(fast, records), expected) << round;
        ASSERT_EQ(decode_json(slow, records), expected) << round;
        rows += expected.rows.size();
        rejected += expected.rejected.size();
    }
    EXPECT_GT(rows, 5000u);
    EXPECT_GT(rejected, 1000u);
}

TEST(JsonDecoderTest, AWantedColumnIsADeclaredField) {
    DecoderOptions options{.fields = {{"a", kText}}, .extra_column = {}};
    options.wanted = {"b"};
    JsonBatchDecoder decoder(options, JsonWay::kWalk);
    EXPECT_EQ(decode_json(decoder, {}).rejected.at(0),
              "a column is wanted that is no declared field: b");
}

TEST(JsonDecoderPropertyTest, WhatIsJsonAgreesWithSimdjson) {
    Random random(7);
    simdjson::dom::parser parser;
    JsonBatchDecoder naive({{{"absent", ColumnType::kInt64}}, "", 0}, JsonWay::kNaive);
    size_t good = 0, bad = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto text = random_record(random);
        if (i % 4 != 0) text = mutate(random, text);
        // It refuses integers beyond 64 bits and takes half surrogates: known differences.
        if (text.empty() || text.find("\\ud") != std::string::npos) continue;
        auto document = parser.parse(text);
        if (document.error() == simdjson::NUMBER_ERROR) continue;
        bool object = document.error() == simdjson::SUCCESS && document.is_object();
        auto ours = decode_json(naive, records_of({text}));
        ASSERT_EQ(ours.rows.size() == 1, object)
            << text << "\n"
            << (ours.rejected.empty() ? "" : ours.rejected[0]) << " / " << document.error();
        ++(object ? good : bad);
    }
    EXPECT_GT(good, 1000u);
    EXPECT_GT(bad, 1000u);
}

TEST(JsonDecoderPropertyTest, DoublesAreRoundedAsStrtodDoes) {
    Random random(3);
    JsonBatchDecoder walk({{{"x", ColumnType::kDouble}}, "", 0}, JsonWay::kWalk);
    std::vector<std::string> values, numbers;
    for (int i = 0; i < 20'000; ++i) {
        std::string digits = std::to_string(random.next() >> random.below(64));
        if (random.chance(0.7)) digits.insert(1, ".0").append("5");
        if (random.chance(0.3)) digits += fmt::format("e{}", int(random.below(600)) - 320);
        if (random.chance(0.5)) digits.insert(0, "-");
        numbers.push_back(digits);
        values.push_back("{\"x\":" + digits + "}");
    }
    std::vector<uint32_t> accepted;
    std::vector<Rejected> rejected;
    auto batch = *walk.decode(records_of(values), accepted, rejected);
    ASSERT_GT(accepted.size(), 15'000u);
    for (size_t row = 0; row < accepted.size(); ++row)
        ASSERT_EQ(batch->columns[0].values<double>()[row],
                  std::strtod(numbers[accepted[row]].c_str(), nullptr))
            << numbers[accepted[row]];
}

TEST(JsonDecoderTest, ChunksLargerThanTheBufferOfStageOne) {
    JsonBatchDecoder walk({{{"a", ColumnType::kText}, {"n", ColumnType::kInt64}}, "", 4096},
                          JsonWay::kWalk);
    std::vector<std::string> values;
    for (int i = 0; i < 40; ++i)
        values.push_back(
            fmt::format(R"({{"a":"{}","n":{}}})", std::string(size_t(i) * 20'000, 'x'), i));
    auto out = decode_json(walk, records_of(values));
    ASSERT_EQ(out.rows.size(), 40u);
    EXPECT_EQ(out.rows[39].size(), 39 * 20'000 + 5u);
}

}  // namespace
}  // namespace tarn::codec
