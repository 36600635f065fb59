// Which row answers, and what is said where none does.

#include "tarn/host/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarn::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr auto kPlain = Operation::kDescribe;
constexpr Route kRows[] = {
    {"GET", "/shops/{name}", kPlain, "shop"},
    {"DELETE", "/shops/{name}", kPlain, "shop"},
    {"GET", "/shops/all", kPlain, "shop"},
    {"GET", "/{kind}/new/{name}", kPlain, "any"},
    {"POST", "/shops/{name}/open", kPlain, "shop"},
    {"GET", "/news", kPlain, "news", nullptr, Answer::kEvents},
    {"POST", "/ask", kPlain, "news", nullptr, Answer::kQuery, "POST a question."},
};

Target at(std::string_view path) { return *parse_target(path); }

struct Routes : testing::Test {
    std::string_view path_of(std::string_view method, std::string_view path) const {
        auto match = table.find(method, at(path));
        return match.route ? match.route->path : "";
    }
    const RouteTable table{{std::begin(kRows), std::end(kRows)}};
};

TEST_F(Routes, TakeWhatStandsInBracesFromThePath) {
    auto match = table.find("GET", at("/fruit/new/green%20pear?limit=1"));
    ASSERT_TRUE(match.route);
    EXPECT_EQ(match.route->resource, "any");
    EXPECT_THAT(match.parameters, ElementsAre("fruit", "green pear"));
}

TEST_F(Routes, ALiteralWinsOverBraces) {
    EXPECT_EQ(path_of("GET", "/shops/all"), "/shops/all");
    EXPECT_THAT(table.find("GET", at("/shops/all")).parameters, IsEmpty());
    EXPECT_EQ(path_of("GET", "/shops/some"), "/shops/{name}");
    EXPECT_EQ(path_of("GET", "/fruit/new/open"), "/{kind}/new/{name}");
    EXPECT_EQ(path_of("POST", "/shops/new/open"), "/shops/{name}/open");
    EXPECT_EQ(path_of("GET", "/shops/new/open"), "")
        << "the first segment decides, whatever the method";
    EXPECT_EQ(path_of("DELETE", "/shops/all"), "") << "it is another address";
}

TEST_F(Routes, GetAnswersHeadUnlessItHasNoEnd) {
    EXPECT_EQ(path_of("HEAD", "/shops/x"), "/shops/{name}");
    EXPECT_EQ(path_of("HEAD", "/news"), "");
}

TEST_F(Routes, KnowWhatIsNotThere) {
    for (const auto* path : {"/", "/shops", "/shops/a/b", "/newsletter"}) {
        EXPECT_EQ(path_of("GET", path), "") << path;
        EXPECT_FALSE(table.refusal("GET", at(path))) << path;
    }
}

TEST_F(Routes, SayWhichMethodsAnAddressTakes) {
    auto refused = [&](const char* path) { return *table.refusal("PUT", at(path)); };
    EXPECT_EQ(refused("/shops/x").status, 405);
    EXPECT_THAT(refused("/shops/x").headers, ElementsAre(Pair("Allow", "GET, HEAD, DELETE")));
    EXPECT_THAT(refused("/shops/all").headers, ElementsAre(Pair("Allow", "GET, HEAD")));
    EXPECT_THAT(refused("/shops/all").body, HasSubstr("Send a GET."));
    EXPECT_THAT(refused("/news").headers, ElementsAre(Pair("Allow", "GET")));
    EXPECT_THAT(refused("/shops/x/open").body, HasSubstr("Send a POST."));
    EXPECT_THAT(refused("/ask").body, HasSubstr("POST a question."));
}

}  // namespace
}  // namespace tarn::host
