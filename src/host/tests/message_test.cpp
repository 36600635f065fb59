#include "tarn/host/message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tarn/host/json_writer.h"
#include "tarn/host/parameters.h"
#include "tarn/host/serving.h"

namespace tarn::host {
namespace {

TEST(JsonWriter, WritesWhatAParserReads) {
    JsonWriter json;
    json.begin_object()
        .field("text", "a\"b\\\n\x01é")
        .field("n", int64_t(-5))
        .field("x", 0.5)
        .field("yes", true);
    json.key("none").null().key("list").begin_array().value(1).value(2).end_array();
    json.field("nan", std::nan("")).field("maybe", std::optional<int>()).end_object();
    const auto read = nlohmann::json::parse(json.str());
    EXPECT_EQ(read["text"], "a\"b\\\n\x01é");
    EXPECT_EQ(read["n"], -5);
    EXPECT_EQ(read["list"], nlohmann::json::array({1, 2}));
    EXPECT_EQ(read["nan"], "nan");
    EXPECT_TRUE(read["none"].is_null() && read["maybe"].is_null());
}

TEST(JsonWriter, ReplacesWhatIsNoUtf8) {
    for (std::string_view bad :
         {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"}) {
        JsonWriter json;
        json.text(bad);
        EXPECT_TRUE(nlohmann::json::accept(json.str())) << json.str();
        EXPECT_NE(json.str().find("\xEF\xBF\xBD"), std::string::npos);
    }
    EXPECT_EQ(base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
}

TEST(Target, IsTakenApartAndDecoded) {
    auto target = parse_target("/api//v1/topics/a%20b%2Fc?limit=5&x=%C3%A9+y&flag");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, (std::vector<std::string>{"api", "v1", "topics", "a b/c"}));
    EXPECT_EQ(target->query["limit"], "5");
    EXPECT_EQ(target->query["x"], "é y");
    EXPECT_EQ(target->query["flag"], "");
}

TEST(Target, GivesBackAnyNameOfASegment) {
    for (std::string name : {".", "a/b", "../flows/x/pause?", "a#b", "%41", "é +", "..."}) {
        const auto segment = path_segment(name);
        ASSERT_TRUE(segment) << name;
        const auto target = parse_target("/api/" + *segment + "/drop");
        ASSERT_TRUE(target) << name;
        EXPECT_EQ(target->path, (std::vector<std::string>{"api", name, "drop"}));
    }
    EXPECT_FALSE(path_segment(""));
    EXPECT_FALSE(path_segment(".."));
}

TEST(Target, RefusesWhatIsNone) {
    for (auto bad :
         {"", "x", "*", "/a/../b", "/%2e%2e/x", "/%zz", "/%2", "/a%00b", "http://other/"})
        EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(ErrorResponse, EveryCodeHasAStatusAndSomethingToDo) {
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = ErrorCode(i);
        const auto response = error_response(Error(code, "what happened"));
        EXPECT_GE(response.status, 400);
        const auto json = nlohmann::json::parse(response.body)["error"];
        EXPECT_EQ(json["code"], to_string(code));
        EXPECT_EQ(json["id"], to_string(generic_id(code)));
        EXPECT_EQ(json["message"], "what happened");
        EXPECT_FALSE(json["todo"].get<std::string>().empty());
    }
}

TEST(ParseInstant, TakesRfc3339) {
    EXPECT_EQ(parse_instant("1970-01-01T00:00:01Z")->us, 1'000'000);
    EXPECT_EQ(parse_instant("2026-01-31T23:59:59.123456Z")->us, 1'769'903'999'123'456);
    EXPECT_EQ(parse_instant("1970-01-01T01:00:00+01:00")->us, 0);
    for (auto bad : {"", "today", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00",
                     "2026-01-01T00:00:00Zx"})
        EXPECT_FALSE(parse_instant(bad)) << bad;
}

}  // namespace
}  // namespace tarn::host
