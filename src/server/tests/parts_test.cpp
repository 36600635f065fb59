// Origins, the page's files and slopes.

#include <gtest/gtest.h>

#include "assets.h"
#include "origin.h"
#include "sampler.h"
#include "tarn/server/settings.h"

namespace tarn::server {
namespace {

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

TEST(OriginCheck, NamesOfTheSettingAreWholeNames) {
    const OriginCheck check("127.0.0.1", 8080, *parse_hosts("Tarn.example.com , tarn.lan:8443,"));
    for (auto host : {"tarn.example.com", "TARN.example.com:8080", "tarn.example.com:443",
                      "tarn.lan:8443", "127.0.0.1:8080"})
        EXPECT_TRUE(check.allow(request_from(host))) << host;
    for (auto host : {"example.com", "a.tarn.example.com", "tarn.example.com.evil", "tarn.lan",
                      "tarn.lan:8080", "127.0.0.1"})
        EXPECT_FALSE(check.allow(request_from(host))) << host;
    EXPECT_TRUE(check.allow(request_from("tarn.example.com", "https://tarn.example.com")))
        << "through a proxy with TLS";
    EXPECT_FALSE(check.allow(request_from("tarn.example.com", "https://tarn.lan:8443")));
    EXPECT_FALSE(check.allow(request_from("127.0.0.1:8080", "https://127.0.0.1:8080")));
    const auto refused = check.allow(request_from("other.example"));
    EXPECT_NE(refused.error().message().find("http.hosts"), std::string::npos);
}

TEST(OriginCheck, TheSettingTakesNoPatterns) {
    EXPECT_TRUE(parse_hosts("")->empty());
    EXPECT_EQ(*parse_hosts("a.b,C:80"), (std::vector<std::string>{"a.b", "c:80"}));
    for (auto bad : {"*", "*.example.com", "http://a", "a/b", "a b", "a:", "a:0", "a:70000", "a:x",
                     ".a", "a..b", "-a", "[::1]", "é.example"})
        EXPECT_FALSE(parse_hosts(bad)) << bad;
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
    auto refused = serve("/");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers, (decltype(refused.headers){{"Allow", "GET, HEAD"}}));
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
