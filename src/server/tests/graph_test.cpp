#include "graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "door_world.h"
#include "sampler.h"

namespace tarn::server {
namespace {

using nlohmann::json;
using ::testing::UnorderedElementsAre;
using testing::World;

class Graph : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(world_.log->create_topic("clicks", {}));
        ASSERT_TRUE(world_.log->create_topic("clicks.late", {}));
        world_.produce("clicks", {"{}", "{}", "{}"});
        lake::TableSpec bronze;
        bronze.name = "bronze.clicks";
        bronze.columns = {{"page", codec::ColumnType::kText, false}};
        ASSERT_TRUE(world_.lake->ensure_table(bronze));
        World::must(world_.views->open_view({.name = "live.windows",
                                             .columns = testing::kWindowColumns,
                                             .key = {0, 1, 3},
                                             .generation = "g"}));
        world_.flows = {of("clicks.table", "clicks", {flow::table_node("bronze.clicks")}),
                        of("live.windows", "clicks",
                           {flow::view_node("live.windows"), flow::topic_node("clicks.late")}),
                        of("silver.clicks", "bronze.clicks", {flow::table_node("silver.clicks")})};
        world_.flows[2].strategy = "append";
        world_.producer = ProducerLedger{};
        world_.producer->acknowledged_by_topic = {{"clicks", 3}};
        world_.producer->running = true;
    }

    flow::FlowStatus of(std::string name, std::string source, std::vector<flow::Node> sinks) {
        flow::FlowStatus f;
        f.name = std::move(name);
        f.kind = "table";
        f.source =
            source.find('.') == source.npos ? flow::topic_node(source) : flow::table_node(source);
        f.unit = f.source.kind == flow::kTopicKind ? "record" : "version";
        f.sinks = std::move(sinks);
        f.state = flow::FlowState::kRunning;
        f.positions = {{0, 0, 3, 3}};
        f.last_commit = world_.clock.now();
        return f;
    }
    static Readings readings_of(const Sampler& sampler) {
        Readings readings;
        readings.per_second = [&](const std::string& what) { return sampler.per_second(what); };
        return readings;
    }
    json drawn() {
        auto platform = world_.platform();
        Sampler sampler(options_, platform);
        sampler.sample();
        return json::parse(graph_json(platform, readings_of(sampler)));
    }
    static json node(const json& graph, const std::string& id) {
        for (const auto& n : graph["nodes"])
            if (n["id"] == id) return n;
        return nullptr;
    }

    ServerOptions options_;
    World world_;
};

TEST_F(Graph, HoldsWhatStandsAndWhatFlowsBetween) {
    const auto graph = drawn();
    std::vector<std::string> ids, arrows;
    for (const auto& n : graph["nodes"])
        ids.push_back(n["id"]);
    for (const auto& e : graph["edges"])
        arrows.push_back(e["from"].get<std::string>() + " " + e["to"].get<std::string>());
    EXPECT_THAT(
        ids, UnorderedElementsAre("topic:clicks", "topic:clicks.late", "producer:clicks",
                                  "table:bronze.clicks", "view:live.windows", "dashboard:page",
                                  "flow:clicks.table", "flow:live.windows", "flow:silver.clicks"));
    EXPECT_THAT(
        arrows,
        UnorderedElementsAre(
            "producer:clicks topic:clicks", "view:live.windows dashboard:page",
            "topic:clicks flow:clicks.table", "flow:clicks.table table:bronze.clicks",
            "topic:clicks flow:live.windows", "flow:live.windows view:live.windows",
            "flow:live.windows topic:clicks.late", "table:bronze.clicks flow:silver.clicks"))
        << "and no arrow to a table that is not made yet";
    EXPECT_EQ(node(graph, "topic:clicks")["rows"], 3);
    EXPECT_EQ(node(graph, "table:bronze.clicks")["layer"], "bronze");
    EXPECT_EQ(node(graph, "flow:silver.clicks")["lag_unit"], "versions");
    EXPECT_TRUE(node(graph, "topic:clicks")["lag"].is_null());
}

TEST_F(Graph, SaysWhatIsWrongAndWhy) {
    world_.flows[0].state = flow::FlowState::kFailed;
    world_.flows[0].reason = "no space left on the disk";
    world_.flows[1].state = flow::FlowState::kPaused;
    world_.flows[2].positions = {{0, 0, 1, 3}};  // behind, and silent for an hour
    world_.flows[2].last_commit = Timestamp{world_.clock.now().us - 3'600'000'000};
    world_.producer->running = false;
    const auto graph = drawn();
    const auto failed = node(graph, "flow:clicks.table");
    EXPECT_EQ(failed["state"], "error");
    EXPECT_THAT(failed["reason"].get<std::string>(), ::testing::HasSubstr("no space left"));
    EXPECT_EQ(node(graph, "flow:live.windows")["state"], "paused");
    EXPECT_EQ(node(graph, "flow:silver.clicks")["state"], "warn");
    EXPECT_EQ(node(graph, "producer:clicks")["state"], "idle");
    EXPECT_EQ(node(graph, "table:bronze.clicks")["state"], "ok");
}

TEST_F(Graph, HasRatesOnceCountsGrow) {
    auto platform = world_.platform();
    Sampler sampler(options_, platform);
    sampler.sample();
    EXPECT_TRUE(node(json::parse(graph_json(platform, readings_of(sampler))),
                     "topic:clicks")["records_per_second"]
                    .is_null())
        << "one look shows no rate";
    world_.produce("clicks", {"{}", "{}"});
    world_.flows[0].rows_in = 2;
    world_.clock.sleep(Duration::millis(5));
    sampler.sample();
    const auto graph = json::parse(graph_json(platform, readings_of(sampler)));
    EXPECT_GT(node(graph, "topic:clicks")["records_per_second"], 0);
    EXPECT_GT(node(graph, "flow:clicks.table")["records_per_second"], 0);
    EXPECT_EQ(node(graph, "flow:live.windows")["records_per_second"], 0);
    for (const auto& edge : graph["edges"]) {
        if (edge["to"] != "flow:clicks.table") continue;
        EXPECT_GT(edge["records_per_second"], 0);
    }
}

}  // namespace
}  // namespace tarn::server
