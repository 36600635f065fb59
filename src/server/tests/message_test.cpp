#include "message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "assets.h"
#include "json_writer.h"
#include "origin.h"
#include "routes/parameters.h"
#include "sampler.h"

namespace tarn::server {
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
        EXPECT_FALSE(valid_utf8(bad));
    }
    EXPECT_TRUE(valid_utf8("aé€😀"));
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

Request request_from(std::string host, std::string origin = "", std::string site = "") {
    Request request;
    request.method = "GET";
    request.target = "/api/v1/status";
    request.host = std::move(host);
    request.origin = std::move(origin);
    request.fetch_site = std::move(site);
    return request;
}

TEST(OriginCheck, KnowsItsOwnNamesOnly) {
    const OriginCheck check("192.168.1.5", 8080);
    for (auto host :
         {"127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080", "192.168.1.5:8080"})
        EXPECT_TRUE(check.allow(request_from(host))) << host;
    for (auto host : {"", "evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:8081",
                      "localhost.evil:8080", "192.168.1.6:8080", "127.0.0.1:8080@evil"})
        EXPECT_FALSE(check.allow(request_from(host))) << host;
}

TEST(OriginCheck, AWildcardAllowsAddressesButNoNames) {
    const OriginCheck check("0.0.0.0", 8080);
    EXPECT_TRUE(check.allow(request_from("10.1.2.3:8080")));
    EXPECT_TRUE(check.allow(request_from("[fe80::1]:8080")));
    EXPECT_FALSE(check.allow(request_from("rebound.example:8080")));
    EXPECT_FALSE(check.allow(request_from("1.2.3.4.evil:8080")));
}

TEST(OriginCheck, RefusesForeignPages) {
    const OriginCheck check("127.0.0.1", 8080);
    const std::string host = "127.0.0.1:8080";
    EXPECT_TRUE(check.allow(request_from(host, "http://127.0.0.1:8080")));
    EXPECT_FALSE(check.allow(request_from(host, "http://evil.example")));
    EXPECT_FALSE(check.allow(request_from(host, "null")));
    EXPECT_FALSE(check.allow(request_from(host, "https://127.0.0.1:8080")));
    EXPECT_FALSE(check.allow(request_from(host, "", "cross-site")));
    auto page = request_from(host, "", "cross-site");
    page.target = "/";
    EXPECT_TRUE(check.allow(page)) << "a link to the page may be followed";
}

TEST(ParseInstant, TakesRfc3339) {
    EXPECT_EQ(parse_instant("1970-01-01T00:00:01Z")->us, 1'000'000);
    EXPECT_EQ(parse_instant("2026-01-31T23:59:59.123456Z")->us, 1'769'903'999'123'456);
    EXPECT_EQ(parse_instant("1970-01-01T01:00:00+01:00")->us, 0);
    for (auto bad : {"", "today", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00",
                     "2026-01-01T00:00:00Zx"})
        EXPECT_FALSE(parse_instant(bad)) << bad;
}

TEST(Assets, ServesThePageForPlacesInIt) {
    const EmbeddedFile files[] = {{"index.html", "<p>", "zipped"}, {"assets/a-1.js", "js", {}}};
    const Assets assets(files);
    Request request;
    request.method = "GET";
    auto serve = [&](std::string_view target) {
        return assets.serve(request, *parse_target(target));
    };
    EXPECT_EQ(serve("/").bytes(), "<p>");
    EXPECT_EQ(serve("/tables/bronze").bytes(), "<p>");
    EXPECT_EQ(serve("/assets/a-1.js").content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(serve("/assets/none.js").status, 404);
    request.accept_encoding = "br, gzip";
    EXPECT_EQ(serve("/").bytes(), "zipped");
    const auto first = serve("/");
    for (const auto& [name, value] : first.headers)
        if (name == "ETag") request.if_none_match = value;
    EXPECT_EQ(serve("/").status, 304);
    request.method = "POST";
    EXPECT_EQ(serve("/").status, 405);
}

TEST(Slope, NeedsTwoSamplesAndForgets) {
    Slope slope(Duration::seconds(4));
    EXPECT_FALSE(slope.per_second(0));
    slope.add(0, 0);
    EXPECT_FALSE(slope.per_second(0));
    slope.add(2'000'000, 100);
    EXPECT_DOUBLE_EQ(*slope.per_second(2'000'000), 50);
    EXPECT_FALSE(slope.per_second(7'000'000)) << "too old to be true";
    slope.add(3'000'000, 10);  // counted from anew
    EXPECT_FALSE(slope.per_second(3'000'000));
}

}  // namespace
}  // namespace tarn::server
