// The table of routes and the contract say the same, and dispatch follows from the table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "assets.h"
#include "routes/route.h"

namespace tarn::server {
namespace {

using testing::ElementsAre;

Target at(std::string_view text) { return *parse_target(text); }

// "GET /api/v1/topics" for each operation of the document: methods stand four spaces in, below an address at two.
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
    auto records = find_route("DELETE", at("/api/v1/topics/clicks/records"));
    EXPECT_FALSE(records.route);
    EXPECT_TRUE(records.known);
    EXPECT_EQ(records.allow, "GET, HEAD, POST");
    EXPECT_EQ(find_route("GET", at("/api/v1/flows/f/pause")).allow, "POST");
    EXPECT_FALSE(find_route("HEAD", at("/api/v1/events")).route) << "a stream has no end";
}

TEST(Routes, KnowWhatIsNotThere) {
    for (const auto* path :
         {"/api/v1", "/api/v1/nothing", "/api/v1/topics/a/b", "/api/v2/topics", "/healthz/x", "/"})
        EXPECT_FALSE(find_route("GET", at(path)).known) << path;
}

}  // namespace
}  // namespace tarn::server
