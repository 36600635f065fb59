// The server's own routes, and what becomes of a request. That routes and contract say the same is
// a test of the whole program (src/cli/tests/capabilities_test.cpp).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api.h"
#include "host_names.h"
#include "listener_world.h"
#include "tarn/server/server.h"

namespace tarn::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Target at(std::string_view text) { return *parse_target(text); }

RouteTable table() { return RouteTable({routes().begin(), routes().end()}); }

std::optional<Response> refused(const char* method, const char* path) {
    return table().refusal(method, at(path));
}

TEST(Routes, AreWhole) {
    for (const auto& route : routes()) {
        EXPECT_EQ(route.handle == nullptr,
                  route.answer == Answer::kQuery || route.answer == Answer::kEvents)
            << route.path;
        EXPECT_FALSE(route.resource.empty()) << route.path;
    }
}

TEST(Routes, SayWhatIsDoneToWhat) {
    auto all = table();
    auto match = all.find("GET", at("/api/v1/tables/bronze.clicks/history?limit=1"));
    ASSERT_TRUE(match.route);
    EXPECT_EQ(match.route->path, "/api/v1/tables/{name}/history");
    EXPECT_THAT(match.parameters, ElementsAre("bronze.clicks"));
    EXPECT_EQ(match.route->operation, Operation::kDescribe);
    EXPECT_EQ(match.route->resource, "table");
}

TEST(Routes, KnowWhichMethodsAnAddressTakes) {
    auto records = refused("DELETE", "/api/v1/topics/clicks/records");
    ASSERT_TRUE(records);
    EXPECT_THAT(records->headers, ElementsAre(Pair("Allow", "GET, HEAD, POST")));
    EXPECT_THAT(records->body, HasSubstr("Send one of: GET, HEAD, POST."));
    EXPECT_THAT(refused("GET", "/api/v1/flows/f/pause")->body, HasSubstr("Send a POST."));
    EXPECT_THAT(refused("DELETE", "/api/v1/topics")->body, HasSubstr("Send a GET."));
    EXPECT_THAT(refused("HEAD", "/api/v1/events")->headers, ElementsAre(Pair("Allow", "GET")))
        << "a stream has no end";
    EXPECT_THAT(refused("GET", "/api/v1/sql")->body, HasSubstr(R"(POST {\"sql\": \"select 1\"})"));
}

TEST(Routes, KnowWhatIsNotThere) {
    for (const auto* path : {"/api/v1", "/api/v1/nothing", "/api/v1/topics/a/b", "/api/v2/topics",
                             "/healthz/x", "/"}) {
        EXPECT_FALSE(refused("GET", path)) << path;
        EXPECT_FALSE(table().find("GET", at(path)).route) << path;
    }
}

// Else which of two rows answers would depend on their order.
TEST(Routes, HaveOneRowForEachRequest) {
    auto all = table();
    for (const auto& route : all.rows()) {
        auto match = all.find(route.method, at(route.path));
        EXPECT_EQ(match.route, &route) << route.method << " " << route.path;
    }
}

TEST(Api, SaysWhyNobodyAnswers) {
    testing::World world;
    auto platform = world.platform();
    Readings readings;
    Api api({routes().begin(), routes().end()}, {platform, readings});
    auto asked = [&](const char* method, const char* path) {
        Request request;
        request.method = method;
        request.target = path;
        return api.find(request, at(path), {});
    };
    EXPECT_EQ(asked("DELETE", "/api/v1/topics").refusal->status, 405);
    EXPECT_EQ(asked("POST", "/api/v1/nothing").refusal->status, 404);
    auto health = asked("GET", "/healthz");
    EXPECT_TRUE(health.match.route && !health.refusal);
    auto page = asked("GET", "/flows");
    EXPECT_FALSE(page.match.route) << "a file of the page";
    EXPECT_FALSE(page.refusal);
}

}  // namespace
}  // namespace tarn::server
