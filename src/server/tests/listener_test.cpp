// The listener over real sockets: what it answers, what it refuses, and that it lives on.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "events.h"
#include "http_client.h"
#include "listener_world.h"

namespace tarn::server::testing {
namespace {

using nlohmann::json;

class Listener : public ::testing::Test {
  protected:
    Listener() : listener(world.open_listener()) { listener->set_ready(); }
    uint16_t port() const { return listener->port(); }
    json get_json(std::string_view target) {
        return json::parse(body_of(get(port(), target)), nullptr, false);
    }
    bool alive() { return get(port(), "/healthz").starts_with("HTTP/1.1 200"); }

    World world;
    std::unique_ptr<HttpListener> listener;
};

TEST_F(Listener, SaysWhetherItIsReady) {
    World other;
    auto closed = other.open_listener();
    EXPECT_TRUE(get(closed->port(), "/healthz").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(get(closed->port(), "/readyz").starts_with("HTTP/1.1 503"));
    closed->set_ready();
    EXPECT_TRUE(get(closed->port(), "/readyz").starts_with("HTTP/1.1 200"));
}

TEST_F(Listener, IsNotReadyWhileTheLogTakesNoWrites) {
    const auto ready = [&] { return get(port(), "/readyz"); };
    const auto topic = World::must(world.log->create_topic("t", {}));
    const auto append = [&] {
        codec::BatchBuilder batch;
        batch.add(0, std::nullopt, std::string(100'000, 'x'));
        log::AppendRequest request;
        request.partition = {topic.id, 0};
        request.batch = World::must(batch.finish());
        return world.log->append_and_wait(std::move(request)).code;
    };
    world.disk.set_faults({.capacity_bytes = world.disk.used_bytes()});
    for (int i = 0; i < 1000 && append() == log::AppendCode::kOk; ++i) {
    }
    EXPECT_TRUE(ready().starts_with("HTTP/1.1 503"));
    EXPECT_NE(ready().find("TARN-E0909"), std::string::npos) << ready();
    world.disk.set_faults({});
    for (int i = 0; i < 2000 && !ready().starts_with("HTTP/1.1 200"); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(ready().starts_with("HTTP/1.1 200"));
}

TEST_F(Listener, AnswersForAnEmptyPlatform) {
    EXPECT_EQ(get_json("/api/v1/status")["project"], "shop");
    EXPECT_EQ(get_json("/api/v1/topics"), (json{{"topics", json::array()}}));
    EXPECT_EQ(get_json("/api/v1/flows"), (json{{"flows", json::array()}}));
    EXPECT_EQ(get_json("/api/v1/views"), (json{{"views", json::array()}}));
    EXPECT_EQ(get_json("/api/v1/runs"), (json{{"runs", json::array()}}));
    EXPECT_TRUE(get_json("/api/v1/tables")["tables"].empty());
    const auto ledger = get_json("/api/v1/ledger");
    EXPECT_TRUE(ledger["lost"].is_null()) << "what is not known is not zero";
    EXPECT_FALSE(ledger["unknown"].get<std::string>().empty());
    EXPECT_NE(get(port(), "/metrics").find("tarn_server_requests_total"), std::string::npos);
    EXPECT_NE(get(port(), "/api/v1/openapi.yaml").find("openapi: 3.1.0"), std::string::npos);
    EXPECT_NE(get(port(), "/").find("<html"), std::string::npos);
}

TEST_F(Listener, SendsSecurityHeaders) {
    const auto response = get(port(), "/");
    EXPECT_NE(response.find("script-src 'self';"), std::string::npos);
    EXPECT_EQ(response.find("unsafe-inline"), std::string::npos);
    EXPECT_NE(response.find("X-Content-Type-Options: nosniff"), std::string::npos);
    EXPECT_EQ(response.find("Access-Control-Allow-Origin"), std::string::npos);
}

TEST_F(Listener, RefusesForeignHostsAndOrigins) {
    Client rebound(port());
    rebound.send(fmt::format(
        "GET /api/v1/status HTTP/1.1\r\nHost: evil.example:{}\r\nConnection: close\r\n\r\n",
        port()));
    EXPECT_TRUE(rebound.read().starts_with("HTTP/1.1 421"));
    EXPECT_TRUE(get(port(), "/api/v1/status", "Origin: http://evil.example\r\n")
                    .starts_with("HTTP/1.1 403"));
    EXPECT_TRUE(get(port(), "/api/v1/status", "Sec-Fetch-Site: cross-site\r\n")
                    .starts_with("HTTP/1.1 403"));
    Client form(port());
    EXPECT_TRUE(
        form.ask("POST", "/api/v1/sql", "Content-Type: text/plain\r\n", R"({"sql":"select 1"})")
            .starts_with("HTTP/1.1 415"));
}

TEST_F(Listener, SurvivesWhatIsNoHttp) {
    for (std::string_view bad :
         {std::string_view("\0\1\2\3\4\5\6\7\n\n", 10), std::string_view("GET\r\n\r\n"),
          std::string_view("GET / HTTP/9.9\r\n\r\n"),
          std::string_view("GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
          std::string_view("GET / HTTP/1.1\r\nBad header\r\n\r\n"),
          std::string_view(
              "POST /api/v1/sql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
        Client client(port());
        client.send(bad);
        const auto response = client.read();
        EXPECT_TRUE(response.empty() || response.starts_with("HTTP/1.1 4")) << response;
    }
    EXPECT_TRUE(alive());
}

TEST_F(Listener, BoundsHeadersAndBodies) {
    Client headers(port());
    headers.send("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a'));
    EXPECT_TRUE(headers.read().starts_with("HTTP/1.1 431"));
    Client body(port());
    body.send("POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
    EXPECT_TRUE(body.read().starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(alive());
}

TEST_F(Listener, AnswersAClientThatSendsTooMuchAllTheSame) {
    Client body(port());
    body.send("POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: 33554432\r\n\r\n");
    body.send(std::string(32 << 20, 'x'));
    EXPECT_TRUE(body.read().starts_with("HTTP/1.1 413"));
}

TEST_F(Listener, KeepsAConnectionForMoreRequests) {
    Client client(port());
    const auto request = fmt::format("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", port());
    for (int i = 0; i < 3; ++i) {
        client.forget();
        client.send(request);
        EXPECT_TRUE(client.read("\"ok\"}").starts_with("HTTP/1.1 200")) << i;
    }
}

TEST_F(Listener, BoundsConnections) {
    World other;
    ServerOptions two;
    two.max_connections = 2;
    auto small = other.open_listener(two);
    Client first(small->port()), second(small->port());
    const auto request =
        fmt::format("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", small->port());
    first.send(request);
    second.send(request);
    EXPECT_NE(first.read("\"ok\"}"), "");
    EXPECT_NE(second.read("\"ok\"}"), "");
    Client third(small->port());
    third.send(request);
    EXPECT_EQ(third.read(), "") << "over the limit a connection is closed";
}

TEST_F(Listener, ShowsRecordsDecoded) {
    ASSERT_TRUE(world.log->create_topic("clicks", {}));
    world.produce("clicks", {R"({"page":"A1"})", "plain", std::string("\xff\x00\x01", 3)});
    auto page = get_json("/api/v1/topics/clicks/records?offset=0&limit=2");
    EXPECT_EQ(page["high_watermark"], 3);
    EXPECT_EQ(page["next_offset"], 2);
    ASSERT_EQ(page["records"].size(), 2u);
    EXPECT_EQ(page["records"][0]["value"]["encoding"], "json");
    EXPECT_EQ(page["records"][1]["value"]["text"], "plain");
    page = get_json("/api/v1/topics/clicks/records?offset=-1");
    ASSERT_EQ(page["records"].size(), 1u);
    EXPECT_EQ(page["records"][0]["value"]["encoding"], "base64");
    EXPECT_EQ(page["records"][0]["offset"], 2);
    EXPECT_EQ(get_json("/api/v1/topics/clicks/records?limit=0")["error"]["code"],
              "invalid_argument");
    EXPECT_EQ(get_json("/api/v1/topics/clicks/records?partition=9")["error"]["code"],
              "invalid_argument");
    EXPECT_EQ(get_json("/api/v1/topics/none")["error"]["code"], "not_found");
}

TEST_F(Listener, RunsOneSelect) {
    auto ask = [&](const std::string& sql) {
        Client client(port());
        const auto response = client.ask(
            "POST", "/api/v1/sql", "Content-Type: application/json\r\n", json{{"sql", sql}}.dump());
        return std::pair(response.substr(9, 3), json::parse(body_of(response), nullptr, false));
    };
    auto [status, answer] =
        ask("select n, n * 2 as twice from test.numbers where n < 3 order by n");
    EXPECT_EQ(status, "200") << answer;
    EXPECT_EQ(answer["row_count"], 3);
    EXPECT_EQ(answer["columns"][1]["name"], "twice");
    EXPECT_EQ(answer["rows"][2]["twice"], 4);
    auto with = [&](const json& parameters, const char* sql) {
        Client client(port());
        const auto body = json{{"sql", sql}, {"parameters", parameters}}.dump();
        return client.ask("POST", "/api/v1/sql", "Content-Type: application/json\r\n", body);
    };
    const auto third = with({2}, "select n from test.numbers where n = $1");
    EXPECT_NE(third.find("\"rows\":[{\"n\":2}]"), third.npos) << third;
    const auto named = with({{"low", 1}, {"text", "a'b"}, {"no", nullptr}, {"half", 0.5}},
                            "select count(*) as c, $text as t, $no as x, $half as h "
                            "from test.numbers where n <= $low");
    EXPECT_NE(named.find("{\"c\":2,\"t\":\"a'b\",\"x\":null,\"h\":0.5}"), named.npos) << named;
    EXPECT_TRUE(with(json::array(), "select $1").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(with({1, 2}, "select $1").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(with(json::array({json::array({1})}), "select $1").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(with(json(18446744073709551615ull), "select $1").starts_with("HTTP/1.1 400"));
    Client csv(port());
    const auto table =
        csv.ask("POST", "/api/v1/sql", "Content-Type: application/json\r\nAccept: text/csv\r\n",
                json{{"sql", "select n, 'a,b' as t from test.numbers order by n limit 2"}}.dump());
    EXPECT_NE(table.find("Content-Type: text/csv; charset=utf-8; header=present\r\n"), table.npos);
    EXPECT_NE(table.find("Tarn-Row-Count: 2\r\nTarn-Truncated: false\r\n"), table.npos) << table;
    EXPECT_EQ(body_of(table), "n,t\r\n0,\"a,b\"\r\n1,\"a,b\"\r\n");
    std::tie(status, answer) = ask("select from where");
    EXPECT_EQ(status, "400");
    EXPECT_EQ(answer["error"]["code"], "invalid_argument");
    std::tie(status, answer) = ask("create table t (x int)");
    EXPECT_NE(status, "200");
    std::tie(status, answer) = ask("select * from read_csv('/etc/passwd')");
    EXPECT_NE(status, "200");
    Client client(port());
    EXPECT_TRUE(client.ask("POST", "/api/v1/sql", "Content-Type: application/json\r\n", "no json")
                    .starts_with("HTTP/1.1 400"));
}

TEST_F(Listener, EndsAQueryWhoseClientWentAway) {
    World other;
    ServerOptions one_slot;
    one_slot.sql_slots = 1;
    one_slot.sql_timeout = Duration::seconds(300);
    auto one = other.open_listener(one_slot);
    {
        Client gone(one->port());
        const auto body = json{{"sql",
                                "select count(*) from range(1000000) a, range(10000000) b where "
                                "a.range % 7 = b.range % 5"}}
                              .dump();
        gone.send(fmt::format(
            "POST /api/v1/sql HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
            "Content-Length: {}\r\n\r\n{}",
            one->port(), body.size(), body));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    // The only slot becomes free again, or this would wait for minutes.
    Client next(one->port());
    const auto response = next.ask("POST", "/api/v1/sql", "Content-Type: application/json\r\n",
                                   R"({"sql":"select 42 as n"})");
    EXPECT_NE(response.find("\"n\":42"), std::string::npos) << response;
}

TEST_F(Listener, PausesAndResumesFlowsByPostOnly) {
    flow::FlowStatus status;
    status.name = "clicks.table";
    status.state = flow::FlowState::kRunning;
    world.flows = {status};
    EXPECT_TRUE(get(port(), "/api/v1/flows/clicks.table/pause").starts_with("HTTP/1.1 405"));
    EXPECT_NE(
        Client(port()).ask("POST", "/api/v1/flows/clicks.table/pause").find("\"state\":\"paused\""),
        std::string::npos);
    EXPECT_NE(Client(port())
                  .ask("POST", "/api/v1/flows/clicks.table/resume")
                  .find("\"state\":\"running\""),
              std::string::npos);
    EXPECT_TRUE(Client(port()).ask("POST", "/api/v1/flows/none/pause").starts_with("HTTP/1.1 404"));
}

TEST_F(Listener, GivesRowsOfAView) {
    auto view = World::must(world.views->open_view(
        {.name = "live.w", .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"}));
    ASSERT_TRUE(
        view->commit({.epoch = 1,
                      .upserts = window_rows({{10, nullptr, 3}, {10, "A", 3}, {15, nullptr, 1}}),
                      .remove_before = {},
                      .time = Timestamp{5}}));
    auto rows = get_json("/api/v1/views/live.w/rows");
    EXPECT_EQ(rows["rows"].size(), 3u);
    EXPECT_EQ(rows["rows"][0][0], "1970-01-01T00:00:15.000000Z") << "newest first";
    EXPECT_EQ(rows["batch_id"], 1);
    EXPECT_EQ(get_json("/api/v1/views/live.w/rows?where=grouping_set=0")["rows"].size(), 2u);
    EXPECT_EQ(get_json("/api/v1/views/live.w/rows?to=1970-01-01T00:00:15Z")["rows"].size(), 2u);
    EXPECT_EQ(get_json("/api/v1/views/live.w/rows?limit=1")["truncated"], true);
    EXPECT_EQ(get_json("/api/v1/views/live.w/rows?where=nothing=0")["error"]["code"],
              "invalid_argument");
}

TEST_F(Listener, StreamsTheWholeStateFirstToEveryone) {
    for (int i = 0; i < 2; ++i) {  // the second time as a client that lost its connection
        Client client(port());
        client.send(fmt::format(
            "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nLast-Event-ID: 7\r\n\r\n",
            port()));
        const auto stream = client.read("event: ledger\n");
        EXPECT_NE(stream.find("Content-Type: text/event-stream"), std::string::npos);
        const size_t hello = stream.find("event: hello\n"), status = stream.find("event: status\n");
        EXPECT_LT(hello, status);
        EXPECT_NE(status, std::string::npos);
        EXPECT_NE(stream.find("event: flows\n"), std::string::npos);
        EXPECT_NE(stream.find("event: graph\n"), std::string::npos);
    }
}

TEST_F(Listener, StreamsChangesOfViews) {
    auto view = World::must(world.views->open_view(
        {.name = "live.w", .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"}));
    Client client(port());
    const auto request =
        fmt::format("GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", port());
    client.send(request);
    client.read("event: ledger\n");
    ASSERT_TRUE(view->commit({.epoch = 1,
                              .upserts = window_rows({{10, nullptr, 77}}),
                              .remove_before = {},
                              .time = Timestamp{5}}));
    const std::string row = "\"rows\":[[\"1970-01-01T00:00:10.000000Z\",null,77,0]]";
    EXPECT_NE(client.read(row).find("event: view\n"), std::string::npos);
    Client later(port());
    later.send(request);
    EXPECT_NE(later.read(row).find("event: view\n"), std::string::npos) << "what stands";
}

TEST_F(Listener, StreamsOnlyWhatWasAskedFor) {
    std::vector<std::shared_ptr<view::View>> views;
    for (const auto* name : {"live.a", "live.b"})
        views.push_back(World::must(world.views->open_view(
            {.name = name, .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"})));
    const auto listen = [&](Client& client, std::string_view query) {
        client.send(fmt::format("GET /api/v1/events{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
                                query, port()));
    };
    Client one(port()), none(port());
    listen(one, "?events=status,view&views=live.a");
    listen(none, "?events=status,view&views=");
    one.read("event: status\n");
    none.read("event: status\n");
    for (const auto i : {1, 0})
        ASSERT_TRUE(views[size_t(i)]->commit({.epoch = 1,
                                              .upserts = window_rows({{10, nullptr, 77}}),
                                              .remove_before = {},
                                              .time = Timestamp{5}}));
    const auto stream = one.read("\"view\":\"live.a\"");
    EXPECT_EQ(stream.find("live.b"), std::string::npos);
    EXPECT_EQ(stream.find("event: flows\n"), std::string::npos);
    none.forget();
    EXPECT_EQ(none.read("event: status\n").find("event: view\n"), std::string::npos);
    const auto wrong = get(port(), "/api/v1/events?events=status,flow");
    EXPECT_TRUE(wrong.starts_with("HTTP/1.1 400")) << wrong;
    EXPECT_NE(wrong.find("'flow'; there are view, status, flows"), std::string::npos) << wrong;
}

TEST_F(Listener, DoesNotRepeatWhatHasNotChanged) {
    Client client(port());
    client.send(fmt::format(
        "GET /api/v1/events?events=status,tables HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", port()));
    std::string stream;
    for (int i = 0; i < 4; ++i) {  // the first is the greeting, the second may repeat it
        client.forget();
        stream += client.read("event: status\n");
    }
    size_t tables = 0;
    for (size_t at = 0; (at = stream.find("event: tables\n", at)) != stream.npos; ++at)
        ++tables;
    EXPECT_GE(tables, 1u);
    EXPECT_LE(tables, 2u) << stream;
}

TEST_F(Listener, DrawsNodesWithTheirLayers) {
    World::must(world.views->open_view(
        {.name = "live.w", .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"}));
    const auto graph = get_json("/api/v1/graph");
    ASSERT_EQ(graph["nodes"].size(), 2u) << graph;
    const auto& view = graph["nodes"][0];
    EXPECT_EQ(view["id"], "view:live.w");
    EXPECT_EQ(view["layer"], "live");
    EXPECT_TRUE(view["lag"].is_null() && view["lag_unit"].is_null());
    EXPECT_EQ(graph["edges"][0]["to"], "dashboard:page");
}

TEST_F(Listener, AnswersWhatIsNoUtf8) {
    for (const auto* target : {"/api/v1/trace?id=%ff", "/api/v1/topics/%ff", "/api/v1/%ff"}) {
        EXPECT_TRUE(json::accept(body_of(get(port(), target)))) << target;
        EXPECT_TRUE(alive()) << target;
    }
}

TEST_F(Listener, RefusesAPortInUseSayingWhatToDo) {
    ServerOptions options;
    options.port = port();
    auto second = HttpListener::open(options, {world.platform(), world.offered});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(second.error().message().find("--http-port"), std::string::npos);
    options.address = "not-an-address";
    EXPECT_EQ(HttpListener::open(options, {world.platform(), world.offered}).error().code(),
              ErrorCode::kInvalidArgument);
}

TEST_F(Listener, StopsWithClientsConnected) {
    Client stream(port()), idle(port());
    stream.send(fmt::format("GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", port()));
    stream.read("event: hello\n");
    const uint16_t was = port();
    listener->stop();
    listener.reset();
    stream.read();  // returns, since the server closed
    EXPECT_FALSE(Client(was).connected());
}

// Secret things nobody may name; of the platform as a whole one may only be told.
class NoSecrets final : public net::Authorizer {
  public:
    bool may(const net::Principal& who, net::Operation operation,
             const net::Resource& resource) const override {
        EXPECT_EQ(who.name, "anonymous");
        if (resource.kind == "platform" && listening_refused) return false;
        if (resource.kind == "platform") return operation == net::Operation::kDescribe;
        return resource.name != "secret";
    }
    std::atomic<bool> listening_refused = false;
};

TEST(Permission, WhoMayNotIsToldSo) {
    NoSecrets rules;
    World world;
    world.authorizer = &rules;
    for (const auto name : {"secret", "open"})
        ASSERT_TRUE(world.log->create_topic(name, {}));
    const auto listener = world.open_listener();
    const auto post = [&](const std::string& target, const std::string& body) {
        return Client(listener->port())
            .ask("POST", target, "Content-Type: application/json\r\n", body);
    };
    const auto refused = [](const std::string& response) {
        EXPECT_TRUE(response.starts_with("HTTP/1.1 403")) << response;
        const auto error = json::parse(body_of(response))["error"];
        EXPECT_EQ(error["code"], "permission_denied");
        EXPECT_EQ(error["id"], "TARN-E0013");
        return error["message"].get<std::string>();
    };
    EXPECT_EQ(refused(get(listener->port(), "/api/v1/topics/secret")),
              "anonymous may not describe this: topic 'secret'");
    refused(post("/api/v1/topics/secret/records", R"({"value": 1})"));
    EXPECT_EQ(world.log->offsets({world.log->find_topic("secret")->id, 0})->high_watermark, 0);
    EXPECT_TRUE(post("/api/v1/topics/open/records", R"({"value": 1})").starts_with("HTTP/1.1 201"));
    EXPECT_EQ(refused(post("/api/v1/sql", R"({"sql": "select 1"})")),
              "anonymous may not read this: platform");
    EXPECT_TRUE(get(listener->port(), "/healthz").starts_with("HTTP/1.1 200"));
    rules.listening_refused = true;
    refused(get(listener->port(), "/api/v1/events"));
}

TEST(ViewFeed, SendsWhatChangedOnly) {
    World world;
    auto view = World::must(world.views->open_view(
        {.name = "live.w", .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"}));
    int woken = 0;
    auto commit = [&](int64_t epoch, const std::vector<WindowRow>& rows) {
        ASSERT_TRUE(view->commit({.epoch = epoch,
                                  .upserts = window_rows(rows),
                                  .remove_before = {},
                                  .time = Timestamp{epoch}}));
    };
    auto views_of = [&](ViewFeed& feed) {
        std::vector<int64_t> out;
        auto text = feed.next({});
        if (!text) return out;
        const auto change = json::parse(*text);
        for (const auto& row : change["rows"])
            out.push_back(row[2]);
        return out;
    };
    ViewFeed feed(view, [&] { ++woken; });
    EXPECT_FALSE(feed.next({})) << "nothing committed yet";
    EXPECT_FALSE(World::must(feed.present({})));
    commit(1, {{10, nullptr, 1}, {15, nullptr, 2}});
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(views_of(feed), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(views_of(feed), (std::vector<int64_t>{})) << "nothing since";
    commit(2, {{15, nullptr, 3}});
    EXPECT_EQ(views_of(feed), (std::vector<int64_t>{3}));
    commit(3, {{15, nullptr, 4}, {15, "A", 1}});
    commit(3, {{15, nullptr, 9}});  // an epoch that stands changes nothing
    commit(4, {{15, nullptr, 5}});
    EXPECT_EQ(views_of(feed), (std::vector<int64_t>{5, 1})) << "each key once, as it is now";
    const auto stands = json::parse(*World::must(feed.present({})));
    EXPECT_EQ(stands["batch_id"], 4);
    EXPECT_EQ(stands["rows"].size(), 3u);
    EXPECT_EQ(stands["rows"][1][2], 5) << "newest first";
}

TEST(ViewFeed, SaysWhenItIsTooMuch) {
    World world;
    auto view = World::must(world.views->open_view(
        {.name = "live.w", .columns = window_columns(), .key = {0, 1, 3}, .generation = "g"}));
    ViewFeed feed(view, [] {});
    std::vector<WindowRow> rows;
    for (int64_t i = 0; i < 15'000; ++i)
        rows.push_back({i, nullptr, i});
    for (int64_t epoch = 0; epoch < 3; ++epoch)
        ASSERT_TRUE(view->commit(
            {.epoch = epoch, .upserts = window_rows(rows), .remove_before = {}, .time = {}}));
    EXPECT_EQ(json::parse(*World::must(feed.present({})))["rows"].size(), 2'000u);
    EXPECT_TRUE(json::parse(feed.next({}).value())["rows"].is_null());
    ASSERT_TRUE(view->commit(
        {.epoch = 6, .upserts = window_rows({{1, nullptr, 8}}), .remove_before = {}, .time = {}}));
    EXPECT_EQ(json::parse(feed.next({}).value())["rows"].size(), 1u);
}

TEST_F(Listener, TakesARecordAndGivesItBack) {
    auto made = world.log->create_topic("clicks", {.partitions = 2});
    ASSERT_TRUE(made) << made.error().message();
    auto send = [&](const std::string& topic, const std::string& body) {
        return Client(port()).ask("POST", "/api/v1/topics/" + topic + "/records",
                                  "Content-Type: application/json\r\n", body);
    };
    auto sent = send("clicks", R"({"value": {"page": "A1"}, "key": "k", "partition": 1})");
    ASSERT_TRUE(sent.starts_with("HTTP/1.1 201")) << sent;
    auto produced = json::parse(body_of(sent));
    EXPECT_EQ(produced["partition"], 1);
    EXPECT_EQ(produced["offset"], 0);
    auto page = get_json("/api/v1/topics/clicks/records?partition=1&offset=0");
    ASSERT_EQ(page["records"].size(), 1u);
    EXPECT_EQ(page["records"][0]["value"]["text"], R"({"page":"A1"})");
    EXPECT_EQ(page["records"][0]["key"]["text"], "k");
    EXPECT_EQ(
        get_json("/api/v1/topics/clicks/records?partition=1&time=2000-01-01T00:00:00Z")["records"]
            .size(),
        1u);
    EXPECT_EQ(
        get_json("/api/v1/topics/clicks/records?partition=1&time=2100-01-01T00:00:00Z")["records"]
            .size(),
        0u);
    EXPECT_TRUE(send("clicks", R"({"value": 1, "partition": 2})").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(send("clicks", "no json").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(send("nothing", R"({"value": 1})").starts_with("HTTP/1.1 404"));
}

TEST_F(Listener, RefusesRecordsThatAreNotForIt) {
    ASSERT_TRUE(world.log->create_topic("clicks", {}));
    ASSERT_TRUE(world.log->create_topic("clicks.late", {}));
    world.flows.resize(1);
    world.flows[0].sinks = {flow::view_node("live.clicks"), flow::topic_node("clicks.late")};
    auto send = [&](const std::string& topic, const std::string& body) {
        return Client(port()).ask("POST", "/api/v1/topics/" + topic + "/records",
                                  "Content-Type: application/json\r\n", body);
    };
    EXPECT_TRUE(send("clicks.late", R"({"value": 1})").starts_with("HTTP/1.1 409"));
    const auto nested = [](size_t n) {
        return R"({"value": )" + std::string(n, '[') + std::string(n, ']') + "}";
    };
    EXPECT_TRUE(send("clicks", nested(500'000)).starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(send("clicks", nested(50)).starts_with("HTTP/1.1 201"));
    EXPECT_EQ(get_json("/api/v1/topics/clicks.late")["appended"], 0);
    EXPECT_EQ(get_json("/api/v1/topics/clicks")["appended"], 1);
}

TEST_F(Listener, PutsAKeyWhereKafkasProducersPutIt) {
    ASSERT_TRUE(world.log->create_topic("keyed", {.partitions = 1000}));
    // Of Apache Kafka's own test of murmur2, modulo the partitions of a topic.
    const std::pair<const char*, uint32_t> cases[] = {
        {"21", uint32_t(-973932308)},
        {"foobar", uint32_t(-790332482)},
        {"a-little-bit-long-string", uint32_t(-985981536)},
        {"a-little-bit-longer-string", uint32_t(-1486304829)},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", uint32_t(-58897971)},
        {"abc", 479470107}};
    for (const auto& [key, hash] : cases) {
        auto sent = Client(port()).ask("POST", "/api/v1/topics/keyed/records",
                                       "Content-Type: application/json\r\n",
                                       json{{"value", nullptr}, {"key", key}}.dump());
        ASSERT_TRUE(sent.starts_with("HTTP/1.1 201")) << sent;
        EXPECT_EQ(json::parse(body_of(sent))["partition"], (hash & 0x7fffffff) % 1000) << key;
    }
}

TEST_F(Listener, TellsWhatSqlCanName) {
    auto catalog = get_json("/api/v1/catalog");
    EXPECT_TRUE(catalog["tables"].is_array());
    EXPECT_FALSE(catalog["functions"].empty());
    EXPECT_TRUE(get(port(), "/api/v1/tables/no.table/files").starts_with("HTTP/1.1 404"));
}

}  // namespace
}  // namespace tarn::server::testing
