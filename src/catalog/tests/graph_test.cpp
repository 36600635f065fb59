#include "tarn/catalog/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tarn/host/test_platform.h"

namespace tarn::catalog {
namespace {

using host::testing::TestPlatform;
using ::testing::UnorderedElementsAre;

class GraphTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(world_.log->create_topic("clicks", {}));
        ASSERT_TRUE(world_.log->create_topic("clicks.late", {}));
        world_.produce("clicks", {"{}", "{}", "{}"});
        lake::TableSpec bronze;
        bronze.name = "bronze.clicks";
        bronze.columns = {{"page", codec::ColumnType::kText, false}};
        ASSERT_TRUE(world_.lake->ensure_table(bronze));
        TestPlatform::must(world_.views->open_view({.name = "live.windows",
                                                    .columns = host::testing::window_columns(),
                                                    .key = {0, 1, 3},
                                                    .generation = "g"}));
        world_.flows = {of("clicks.table", "clicks", {flow::table_node("bronze.clicks")}),
                        of("live.windows", "clicks",
                           {flow::view_node("live.windows"), flow::topic_node("clicks.late")}),
                        of("silver.clicks", "bronze.clicks", {flow::table_node("silver.clicks")})};
        world_.flows[2].strategy = "append";
        world_.producer = host::ProducerLedger{};
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
    Graph drawn() {
        host::Readings readings;
        readings.per_second = [this](const std::string& what) -> std::optional<double> {
            auto it = rates_.find(what);
            return it == rates_.end() ? std::nullopt : std::optional(it->second);
        };
        const auto platform = world_.platform();
        return graph(platform, readings);
    }
    static Node node(const Graph& graph, const std::string& id) {
        for (const auto& n : graph.nodes)
            if (n.id() == id) return n;
        ADD_FAILURE() << "no node " << id;
        return {"", ""};
    }

    std::map<std::string, double> rates_;
    TestPlatform world_;
};

TEST_F(GraphTest, HoldsWhatStandsAndWhatFlowsBetween) {
    const auto graph = drawn();
    std::vector<std::string> ids, arrows;
    for (const auto& n : graph.nodes)
        ids.push_back(n.id());
    for (const auto& e : graph.edges)
        arrows.push_back(e.from + " " + e.to);
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
    EXPECT_EQ(node(graph, "topic:clicks").rows, 3);
    EXPECT_EQ(node(graph, "table:bronze.clicks").detail, "version 0");
    EXPECT_EQ(node(graph, "flow:silver.clicks").lag_unit, "versions");
    EXPECT_FALSE(node(graph, "topic:clicks").lag);
}

TEST_F(GraphTest, SaysWhatIsWrongAndWhy) {
    world_.flows[0].state = flow::FlowState::kFailed;
    world_.flows[0].reason = "no space left on the disk";
    world_.flows[1].state = flow::FlowState::kPaused;
    world_.flows[2].positions = {{0, 0, 1, 3}};  // behind, and silent for an hour
    world_.flows[2].last_commit = Timestamp{world_.clock.now().us - 3'600'000'000};
    world_.producer->running = false;
    const auto graph = drawn();
    const auto failed = node(graph, "flow:clicks.table");
    EXPECT_EQ(failed.state, "error");
    EXPECT_THAT(failed.reason, ::testing::HasSubstr("no space left"));
    EXPECT_EQ(node(graph, "flow:live.windows").state, "paused");
    EXPECT_EQ(node(graph, "flow:silver.clicks").state, "warn");
    EXPECT_EQ(node(graph, "producer:clicks").state, "idle");
    EXPECT_EQ(node(graph, "table:bronze.clicks").state, "ok");
}

TEST_F(GraphTest, HasTheRatesThatAreKnown) {
    rates_ = {{"topic:clicks", 2},
              {"in:clicks.table", 3},
              {"table:bronze.clicks", 4},
              {"out:live.windows", 5}};
    const auto graph = drawn();
    EXPECT_EQ(node(graph, "topic:clicks").per_second, 2);
    EXPECT_EQ(node(graph, "flow:clicks.table").per_second, 3);
    EXPECT_EQ(node(graph, "flow:live.windows").per_second, std::nullopt)
        << "one look shows no rate";
    EXPECT_EQ(node(graph, "view:live.windows").per_second, 5) << "of its flow: rows are replaced";
    std::map<std::string, std::optional<double>> edges;
    for (const auto& edge : graph.edges)
        edges[edge.from + " " + edge.to] = edge.per_second;
    EXPECT_EQ(edges["producer:clicks topic:clicks"], 2);
    EXPECT_EQ(edges["topic:clicks flow:clicks.table"], 3);
    EXPECT_EQ(edges["flow:clicks.table table:bronze.clicks"], 4);
    EXPECT_EQ(edges["flow:live.windows view:live.windows"], 5);
}

}  // namespace
}  // namespace tarn::catalog
