// The table of routes and the contract say the same, and dispatch follows from the table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "api.h"
#include "assets.h"
#include "routes/route.h"

namespace tarn::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Target at(std::string_view text) { return *parse_target(text); }

Api::Found asked(const char* method, const char* path) {
    Request request;
    request.method = method;
    request.target = path;
    return Api::find(request, at(path), {}, nullptr);
}

// "GET /api/v1/topics" for each operation of the document: methods stand four spaces in, below an
// address at two.
std::set<std::string> documented() {
    std::set<std::string> out;
    std::istringstream lines{std::string(openapi_document())};
    std::string line, address;
    bool paths = false;
    while (std::getline(lines, line)) {
        if (!line.empty() && line[0] != ' ') paths = line == "paths:";
        if (!paths || line.size() < 4 || !line.ends_with(':')) continue;
        if (line.starts_with("  /")) address = line.substr(2, line.size() - 3);
        for (const std::string method : {"get", "post", "put", "delete", "patch"}) {
            if (line != "    " + method + ":") continue;
            std::string upper;
            for (char c : method)
                upper += char(std::toupper(c));
            out.insert(upper + " " + address);
        }
    }
    return out;
}

TEST(Routes, AreThoseOfTheContract) {
    std::set<std::string> declared;
    for (auto noun : all_routes())
        for (const auto& route : noun) {
            auto text = std::string(route.method) + " " + std::string(route.path);
            EXPECT_TRUE(declared.insert(text).second) << text << " stands twice";
            EXPECT_EQ(route.handle == nullptr, route.answer != Answer::kPlain) << text;
            EXPECT_FALSE(route.resource.empty()) << text;
        }
    EXPECT_GT(declared.size(), 20u);
    EXPECT_EQ(declared, documented());
}

TEST(Routes, TakeWhatStandsInBracesFromThePath) {
    auto match = find_route("GET", at("/api/v1/tables/bronze.clicks/history?limit=1"));
    ASSERT_TRUE(match.route);
    EXPECT_EQ(match.route->path, "/api/v1/tables/{name}/history");
    EXPECT_THAT(match.parameters, ElementsAre("bronze.clicks"));
    EXPECT_EQ(match.route->operation, Operation::kDescribe);
    EXPECT_EQ(match.route->resource, "table");
    EXPECT_EQ(find_route("HEAD", at("/api/v1/topics")).route,
              find_route("GET", at("/api/v1/topics")).route);
}

TEST(Routes, KnowWhichMethodsAnAddressTakes) {
    EXPECT_FALSE(find_route("DELETE", at("/api/v1/topics/clicks/records")).route);
    EXPECT_EQ(allowed_methods(at("/api/v1/topics/clicks/records")), "GET, HEAD, POST");
    EXPECT_EQ(allowed_methods(at("/api/v1/flows/f/pause")), "POST");
    EXPECT_FALSE(find_route("HEAD", at("/api/v1/events")).route) << "a stream has no end";
    EXPECT_EQ(allowed_methods(at("/api/v1/events")), "GET");
}

TEST(Routes, KnowWhatIsNotThere) {
    for (const auto* path : {"/api/v1", "/api/v1/nothing", "/api/v1/topics/a/b", "/api/v2/topics",
                             "/healthz/x", "/"}) {
        EXPECT_EQ(allowed_methods(at(path)), "") << path;
        EXPECT_FALSE(find_route("GET", at(path)).route) << path;
    }
}

// Else which of two rows answers would depend on their order.
TEST(Routes, HaveOneRowForEachRequest) {
    for (auto noun : all_routes())
        for (const auto& route : noun) {
            auto match = find_route(route.method, at(route.path));
            EXPECT_EQ(match.route, &route) << route.method << " " << route.path;
        }
}

TEST(Api, SaysWhyNobodyAnswers) {
    auto refused = [](const char* method, const char* path) { return asked(method, path).refusal; };
    auto post = refused("GET", "/api/v1/flows/f/pause"), get = refused("DELETE", "/api/v1/topics");
    ASSERT_TRUE(post && get);
    EXPECT_EQ(post->status, 405);
    EXPECT_THAT(post->body, HasSubstr("Send a POST."));
    EXPECT_THAT(get->body, HasSubstr("Send a GET."));
    EXPECT_THAT(get->headers, ElementsAre(Pair("Allow", "GET, HEAD")));
    EXPECT_THAT(refused("DELETE", "/api/v1/topics/t/records")->body,
                HasSubstr("Send one of: GET, HEAD, POST."));
    EXPECT_EQ(refused("POST", "/api/v1/nothing")->status, 404);
    EXPECT_FALSE(refused("GET", "/healthz"));
}

TEST(Api, LeavesFilesOfThePageAlone) {
    auto found = asked("GET", "/flows");
    EXPECT_FALSE(found.match.route);
    EXPECT_FALSE(found.refusal);
}

}  // namespace
}  // namespace tarn::server
