// One event through topic, table and the flows behind the table; the flows are what a test says,
// the tables are real.

#include "tarn/catalog/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/host/test_platform.h"

namespace tarn::catalog {
namespace {

using codec::ColumnType;
using host::testing::TestPlatform;

class LakeTables final : public sql::TableProvider {
  public:
    explicit LakeTables(lake::Lake& lake) : lake_(lake) {}
    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view table) override {
        auto name = fmt::format("{}.{}", schema, table);
        auto names = lake_.tables();
        if (std::ranges::find(names, name) == names.end()) return std::nullopt;
        return sql::TableRef(sql::DeltaTableRef{lake_.path_of(name), -1});
    }
    std::vector<std::string> names() override { return lake_.tables(); }

  private:
    lake::Lake& lake_;
};

// A row of any of the tables here: text columns and times (seconds), then where it came from.
struct Row {
    std::vector<std::string> texts;
    int64_t offset = 0;
};

bool column_is_time(std::string_view name) { return name.ends_with("_at") || name == "_timestamp"; }

class TraceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(world_.log->create_topic("clicks", {}));
        world_.produce("clicks", {R"({"event_id":"e1","session_id":"s1"})",
                                  R"({"event_id":"e1","session_id":"s1"})",
                                  R"({"event_id":"e2","session_id":"s2"})"});
        append("bronze.clicks", {"event_id", "session_id", "clicked_at"}, true, 7,
               {{{"e1", "s1", "100"}, 0}, {{"e1", "s1", "100"}, 1}, {{"e2", "s2", "101"}, 2}});
        append("silver.clicks", {"event_id", "session_id", "clicked_at"}, true, 3,
               {{{"e1", "s1", "100"}, 0}});
        append("quarantine.silver_clicks", {"event_id", "_reason"}, true, 3,
               {{{"e2", "price is negative"}, 2}});
        append("gold.sessions", {"session_id", "began_at", "ended_at"}, false, 1,
               {{{"other", "90", "110"}, 0}, {{"s1", "40", "60"}, 0}});
        append("gold.funnel", {"day"}, false, 1, {{{"2026-01-01"}, 0}});
        auto to = [](std::string name, std::string kind, std::string source, int64_t next,
                     std::vector<flow::Node> sinks) {
            flow::FlowStatus f;
            f.name = std::move(name);
            f.kind = std::move(kind);
            f.source = source.find('.') == source.npos ? flow::topic_node(source)
                                                       : flow::table_node(source);
            f.unit = f.source.kind == flow::kTopicKind ? "record" : "version";
            f.sinks = std::move(sinks);
            f.state = flow::FlowState::kRunning;
            f.positions = {{0, 0, next, 3}};
            return f;
        };
        auto version = [&](const char* table) {
            return TestPlatform::must(world_.lake->describe(table)).version;
        };
        world_.flows = {
            to("clicks.table", "table", "clicks", 3, {flow::table_node("bronze.clicks")}),
            to("gold.funnel", "model", "silver.clicks", version("silver.clicks") + 1,
               {flow::table_node("gold.funnel")}),
            to("gold.sessions", "model", "silver.clicks", version("silver.clicks") + 1,
               {flow::table_node("gold.sessions")}),
            to("silver.clicks", "model", "bronze.clicks", version("bronze.clicks") + 1,
               {flow::table_node("silver.clicks"), flow::table_node("quarantine.silver_clicks")})};
        world_.flows[2].strategy = "sessions";
        world_.flows[2].sql =
            "select session(clicked_at, interval '30 seconds') as began_at, session_id, "
            "max(clicked_at) as ended_at from silver.clicks group by 1, session_id";
    }

    void append(const std::string& name, const std::vector<std::string>& texts, bool placed,
                int64_t epoch, const std::vector<Row>& rows) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        for (const auto& text : texts)
            batch->schema.push_back(
                {text, column_is_time(text) ? ColumnType::kTimestamp : ColumnType::kText, false});
        if (placed) {
            batch->schema.push_back({"_partition", ColumnType::kInt32, false});
            batch->schema.push_back({"_offset", ColumnType::kInt64, false});
            batch->schema.push_back({"_batch_id", ColumnType::kInt64, false});
        }
        batch->row_count = rows.size();
        for (size_t i = 0; i < batch->schema.size(); ++i) {
            codec::ColumnBuilder column(batch->schema[i].type);
            for (const auto& row : rows) {
                if (i < texts.size() && column_is_time(texts[i]))
                    column.add_int(std::stoll(row.texts[i]) * 1'000'000);
                else if (i < texts.size())
                    column.add_text(row.texts[i]);
                else
                    column.add_int(i == texts.size()       ? 0
                                   : i == texts.size() + 1 ? row.offset
                                                           : epoch);
            }
            batch->columns.push_back(column.finish(*batch));
        }
        lake::TableSpec spec;
        spec.name = name;
        spec.columns = batch->schema;
        ASSERT_TRUE(world_.lake->ensure_table(spec));
        lake::AppendRequest request;
        request.table = name;
        request.batches = {batch};
        request.txn = lake::Txn{"flow", epoch};
        request.file_stem = name + std::to_string(epoch);
        auto done = world_.lake->append(std::move(request));
        ASSERT_TRUE(done) << done.error().message();
    }

    Trace asked(const TraceQuestion& question) {
        sql::EngineOptions options;
        options.threads = 1;
        options.restricted = true;
        LakeTables tables(*world_.lake);
        auto engine = TestPlatform::must(sql::Engine::open(options, world_.disk, &tables));
        auto p = world_.platform();
        host::Platform platform{p.clock,   p.metrics, p.logger, p.disk,  p.data_folder,
                                p.log,     p.lake,    p.views,  p.flows, *engine,
                                p.changes, p.errors,  p.ledger};
        return TestPlatform::must(trace(platform, question));
    }
    Trace traced(int64_t offset) { return asked({{}, {"clicks", 0, offset}}); }
    Trace traced(const std::string& id) { return asked({id, {}}); }
    // Empty if it did not come there.
    static Step step(const Trace& trace, std::string_view node) {
        for (const auto& step : trace.steps)
            if (step.kind + ":" + step.name == node) return step;
        return {};
    }

    TestPlatform world_;
};

TEST_F(TraceTest, FollowsAnEventThroughTheLayers) {
    auto t = traced(0);
    EXPECT_EQ(t.id, "e1");
    EXPECT_EQ(step(t, "table:bronze.clicks").epoch, 7);
    EXPECT_EQ(step(t, "table:silver.clicks").state, "passed");
    EXPECT_EQ(step(t, "table:silver.clicks").epoch, 3);
    EXPECT_EQ(step(t, "table:silver.clicks").version,
              TestPlatform::must(world_.lake->describe("silver.clicks")).version);
    EXPECT_EQ(step(t, "flow:silver.clicks").epoch, 3) << "of the row it wrote";
    EXPECT_EQ(step(t, "table:gold.funnel").state, "passed");
    EXPECT_EQ(step(t, "table:gold.sessions").state, "waiting")
        << "its session is open; one that was over before has the same key";
    append("gold.sessions", {"session_id", "began_at", "ended_at"}, false, 2,
           {{{"s1", "95", "105"}, 0}});
    EXPECT_EQ(step(traced(0), "table:gold.sessions").state, "passed");
}

TEST_F(TraceTest, ARepeatIsADuplicateInTheTableThatKeepsOne) {
    auto t = traced(1);
    EXPECT_EQ(step(t, "table:bronze.clicks").state, "passed");
    auto silver = step(t, "table:silver.clicks");
    EXPECT_EQ(silver.state, "duplicate");
    EXPECT_THAT(silver.detail, ::testing::HasSubstr("partition 0 offset 0"));
    EXPECT_THAT(t.verdict, ::testing::StartsWith("A duplicate"));
    EXPECT_EQ(step(t, "flow:gold.sessions").state, "") << "no row of it goes on";
}

TEST_F(TraceTest, WhatFailsARuleIsInQuarantineWithItsReason) {
    auto t = traced("e2");
    EXPECT_EQ(t.place->offset, 2);
    EXPECT_EQ(step(t, "flow:silver.clicks").state, "quarantined");
    EXPECT_EQ(step(t, "flow:silver.clicks").detail, "price is negative");
    EXPECT_EQ(step(t, "table:quarantine.silver_clicks").state, "passed");
    EXPECT_THAT(t.verdict, ::testing::HasSubstr("price is negative"));
}

TEST_F(TraceTest, WaitsForAFlowThatIsBehind) {
    world_.flows[3].positions[0].next_offset = 0;
    auto t = traced(0);
    EXPECT_EQ(step(t, "flow:silver.clicks").state, "waiting");
    EXPECT_EQ(step(t, "table:silver.clicks").state, "");
    world_.flows[0].positions[0].next_offset = 0;
    EXPECT_EQ(step(traced(0), "flow:clicks.table").state, "waiting");
}

TEST_F(TraceTest, ARowThatIsNowhereIsLostAndSaysSo) {
    world_.produce("clicks", {R"({"event_id":"e9"})"});
    world_.flows[0].positions[0].next_offset = 4;
    auto t = traced("e9");
    EXPECT_EQ(step(t, "table:bronze.clicks").state, "lost");
    EXPECT_THAT(t.verdict, ::testing::StartsWith("Lost"));
}

TEST_F(TraceTest, FindsAnEventByAnyFieldThatLooksAsAnId) {
    world_.produce("clicks", {R"({"orderId":73314510714175489,"customer_id":"c7","paid":"x"})"});
    world_.flows[0].positions[0].next_offset = 3;
    auto t = traced("73314510714175489");
    EXPECT_EQ(t.place->offset, 3);
    EXPECT_EQ(t.id_field, "orderId");
    EXPECT_EQ(asked({"c7", {"clicks"}, "customer_id"}).id_field, "customer_id");
    EXPECT_FALSE(asked({"c7", {"clicks"}, "orderId"}).found) << "another field has it";
    EXPECT_FALSE(traced("x").found) << "no id";
    EXPECT_EQ(asked({"x", {"clicks"}, "paid"}).place->offset, 3) << "any field that is named";
}

TEST_F(TraceTest, FindsAnEventThatOnlyATableHoldsByAnyOfItsIds) {
    append("bronze.orders", {"kind", "order_uuid", "_timestamp"}, true, 1,
           {{{"a", "u-1", "9"}, 5}});
    ASSERT_TRUE(world_.log->create_topic("orders", {}));
    auto flow = world_.flows[0];
    flow.name = "orders.table";
    flow.source = flow::topic_node("orders");
    flow.sinks = {flow::table_node("bronze.orders")};
    world_.flows.push_back(flow);
    auto t = traced("u-1");
    ASSERT_TRUE(t.place);
    EXPECT_EQ(t.place->topic, "orders");
    EXPECT_EQ(t.place->offset, 5);
    EXPECT_FALSE(asked({"u-1", {"orders"}, "kind"}).place);
}

TEST_F(TraceTest, AnIdThatQuotesIsOnlyAnId) {
    auto t = traced("' or 1=1 --");
    EXPECT_EQ(t.found, false);
}

}  // namespace
}  // namespace tarn::catalog
