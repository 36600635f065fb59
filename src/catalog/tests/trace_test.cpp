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

// A row of any of the tables here: text columns, then where it came from.
struct Row {
    std::vector<std::string> texts;
    int64_t offset = 0;
};

class TraceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(world_.log->create_topic("clicks", {}));
        world_.produce("clicks", {R"({"event_id":"e1","session_id":"s1"})",
                                  R"({"event_id":"e1","session_id":"s1"})",
                                  R"({"event_id":"e2","session_id":"s2"})"});
        append("bronze.clicks", {"event_id", "session_id"}, true, 7,
               {{{"e1", "s1"}, 0}, {{"e1", "s1"}, 1}, {{"e2", "s2"}, 2}});
        append("silver.clicks", {"event_id", "session_id"}, true, 3, {{{"e1", "s1"}, 0}});
        append("quarantine.silver_clicks", {"event_id", "_reason"}, true, 3,
               {{{"e2", "price is negative"}, 2}});
        append("gold.sessions", {"session_id"}, false, 1, {{{"other"}, 0}});
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
    }

    void append(const std::string& name, const std::vector<std::string>& texts, bool placed,
                int64_t epoch, const std::vector<Row>& rows) {
        auto batch = std::make_shared<codec::ColumnBatch>();
        for (const auto& text : texts)
            batch->schema.push_back({text, ColumnType::kText, false});
        if (placed) {
            batch->schema.push_back({"_partition", ColumnType::kInt32, false});
            batch->schema.push_back({"_offset", ColumnType::kInt64, false});
            batch->schema.push_back({"_batch_id", ColumnType::kInt64, false});
        }
        batch->row_count = rows.size();
        for (size_t i = 0; i < batch->schema.size(); ++i) {
            codec::ColumnBuilder column(batch->schema[i].type);
            for (const auto& row : rows) {
                if (i < texts.size())
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
        host::Platform platform{p.clock, p.metrics, p.logger, p.disk,  p.data_folder, p.log,
                                p.lake,  p.views,   p.flows,  *engine, p.errors,      p.ledger};
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
    EXPECT_EQ(step(t, "table:gold.sessions").state, "waiting") << "its session is open";
    append("gold.sessions", {"session_id"}, false, 2, {{{"s1"}, 0}});
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

TEST_F(TraceTest, AnIdThatQuotesIsOnlyAnId) {
    auto t = traced("' or 1=1 --");
    EXPECT_EQ(t.found, false);
}

}  // namespace
}  // namespace tarn::catalog
