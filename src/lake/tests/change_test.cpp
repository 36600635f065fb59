// DELETE, UPDATE and MERGE, by deletion vectors and by writing files anew, against DuckDB's own on
// a table of its own.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/checkpoint_io.h"

namespace tarn::lake {
namespace {

using testing::append_of;
using testing::events;
using testing::kEventColumns;
using testing::problem;
using testing::World;

struct Way {
    const char* name;
    bool vectors, feed, partitioned;
};

class ChangeTest : public ::testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        TableSpec spec;
        spec.name = kTable;
        spec.columns = kEventColumns;
        if (GetParam().partitioned) spec.partition_by = {"region"};
        if (GetParam().vectors) spec.properties["delta.enableDeletionVectors"] = "true";
        if (GetParam().feed) spec.properties["delta.enableChangeDataFeed"] = "true";
        ASSERT_EQ(problem(lake().ensure_table(spec)), "");
        for (int epoch = 0; epoch < 3; ++epoch)
            ASSERT_TRUE(
                lake().append(append_of(kTable, events(epoch * 100, 100), epoch, clock_.now())));
    }
    Lake& lake() { return *world_.lake; }
    int64_t count(const std::string& where) {
        return world_.number("SELECT count(*) FROM " + world_.scan(kTable) + " WHERE " + where);
    }
    ChangeOutcome run(const std::string& text) {
        auto made = statement(text);
        EXPECT_TRUE(made) << text << ": " << (made ? "" : made.error().message());
        return made ? *made : ChangeOutcome{};
    }
    std::string refused(const std::string& text) {
        auto made = statement(text);
        EXPECT_FALSE(made) << text;
        return made ? "" : made.error().message();
    }
    Result<ChangeOutcome> statement(const std::string& text) {
        TARN_TRY(auto parsed, sql::parse_table_statement(*world_.engine, text, false));
        EXPECT_TRUE(parsed) << text;
        return run_statement(lake(), *world_.engine, *parsed);
    }
    // Every file, vector and statistic against the log.
    void sound() { EXPECT_EQ(problem(lake().verify(kTable)), ""); }
    template <class Request>
    static Request on_table() {
        Request request;
        request.table = kTable;
        return request;
    }

    static constexpr const char* kTable = "bronze.events";
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_P(ChangeTest, Delete) {
    auto request = on_table<DeleteRequest>();
    request.where = "t.id % 3 = 0 and id < 150";
    auto made = lake().delete_rows(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->deleted, 50u);
    EXPECT_TRUE(made->committed);
    EXPECT_EQ(made->vectors_added > 0, GetParam().vectors);
    EXPECT_EQ(count("true"), 250);
    EXPECT_EQ(count("id % 3 = 0 and id < 150"), 0);
    sound();

    // Once more: other rows of the same files, then all rows of a file, then nothing.
    request.where = "id between 40 and 60";
    ASSERT_TRUE(lake().delete_rows(request));
    request.where = "id < 100";
    made = lake().delete_rows(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(count("id < 100"), 0);
    EXPECT_EQ(count("true"), 184);
    sound();
    made = lake().delete_rows(request);
    ASSERT_TRUE(made);
    EXPECT_FALSE(made->committed);
    request.where = "page is null and null";  // holds for no row
    made = lake().delete_rows(request);
    ASSERT_TRUE(made);
    EXPECT_FALSE(made->committed);
}

TEST_P(ChangeTest, Update) {
    auto request = on_table<UpdateRequest>();
    request.set = {{"amount", "amount * 2"}, {"region", "'us'"}};
    request.where = "id < 10";
    auto made = lake().update_rows(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->updated, 10u);
    EXPECT_EQ(count("true"), 300);
    EXPECT_EQ(count("region = 'us' and amount = id / 4.0 * 2 and id < 10"), 10);
    EXPECT_EQ(count("amount = id / 4.0 and id >= 10"), 290);
    sound();

    request.set = {{"id", "NULL"}};
    made = lake().update_rows(request);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message().find("column id is required"), std::string::npos)
        << made.error().message();
    request.set = {{"nope", "1"}};
    EXPECT_FALSE(lake().update_rows(request));
    request.set = {{"amount", "1"}, {"amount", "2"}};
    EXPECT_FALSE(lake().update_rows(request));
    EXPECT_EQ(count("region = 'us'"), 10);
}

TEST_P(ChangeTest, MergeOfEveryKindOfClause) {
    auto request = on_table<MergeRequest>();
    request.source =
        "SELECT i AS id, 'new' AS page, i::DECIMAL(10,2) AS amount, now() AS at, 'eu' "
        "AS region FROM range(280, 320) r(i)";
    request.on = "t.id = s.id";
    request.clauses = {
        {MergeWhen::kMatched, MergeThen::kDelete, "s.id < 285", {}, false},
        {MergeWhen::kMatched, MergeThen::kUpdate, "s.id < 290", {}, true},
        {MergeWhen::kMatched, MergeThen::kUpdate, "", {{"page", "concat(t.page, s.page)"}}, false},
        {MergeWhen::kNotMatched, MergeThen::kInsert, "s.id < 305", {}, true},
        {MergeWhen::kNotMatched, MergeThen::kInsert, "", {{"id", "s.id"}}, false},
        {MergeWhen::kNotMatchedBySource, MergeThen::kDelete, "t.id < 10", {}, false},
        {MergeWhen::kNotMatchedBySource,
         MergeThen::kUpdate,
         "t.id < 20",
         {{"page", "'left'"}},
         false}};
    auto made = lake().merge(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->deleted, 15u);
    EXPECT_EQ(made->updated, 25u);
    EXPECT_EQ(made->inserted, 20u);
    EXPECT_EQ(count("true"), 305);
    EXPECT_EQ(count("id between 280 and 284"), 0);
    EXPECT_EQ(count("id between 285 and 289 and page = 'new' and amount = id"), 5);
    EXPECT_EQ(count("id between 290 and 299 and page like '%new' and amount = id / 4.0"), 10);
    EXPECT_EQ(count("id between 300 and 304 and page = 'new'"), 5);
    EXPECT_EQ(count("id >= 305 and page is null and amount is null"), 15);
    EXPECT_EQ(count("id < 10"), 0);
    EXPECT_EQ(count("id < 20 and page = 'left'"), 10);
    sound();
}

TEST_P(ChangeTest, TwoRowsOfTheSourceForOneOfTheTable) {
    auto request = on_table<MergeRequest>();
    request.source = "SELECT unnest([1, 1, 2]) AS id";
    request.on = "t.id = s.id";
    request.clauses = {{MergeWhen::kMatched, MergeThen::kUpdate, "", {{"page", "'x'"}}, false}};
    auto made = lake().merge(request);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id().number, 608) << made.error().message();
    EXPECT_NE(made.error().message().find("\"id\":1,"), std::string::npos)
        << made.error().message();
    EXPECT_EQ(count("page = 'x'"), 0);
    // Nobody's row is changed twice.
    request.clauses[0].condition = "s.id = 2";
    made = lake().merge(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->updated, 1u);
    // They agree.
    request.clauses = {{MergeWhen::kMatched, MergeThen::kDelete, "", {}, false}};
    made = lake().merge(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->deleted, 2u);
    EXPECT_EQ(count("id in (1, 2)"), 0);
    sound();
}

TEST_P(ChangeTest, ATransactionIsMadeOnce) {
    auto request = on_table<MergeRequest>();
    request.source = "SELECT 1000 + i AS id FROM range(5) r(i)";
    request.on = "t.id = s.id and false";
    request.clauses = {{MergeWhen::kNotMatched, MergeThen::kInsert, "", {{"id", "s.id"}}, false}};
    request.txn = Txn{"nightly", 7};
    auto made = lake().merge(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_FALSE(made->duplicate);
    made = lake().merge(request);
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->duplicate);
    EXPECT_EQ(count("id >= 1000"), 5);
    request.txn = Txn{"nightly", 8};
    ASSERT_TRUE(lake().merge(request));
    EXPECT_EQ(count("id >= 1000"), 10);
}

// The commit is made, and then something fails: its files stay.
TEST_P(ChangeTest, AnErrorBehindTheCommit) {
    world_.failpoints.arm("lake.after_commit", 1,
                          [] { return Status(fail(ErrorCode::kIo, "made so by a test")); });
    EXPECT_NE(refused("UPDATE bronze.events SET page = 'x' WHERE id < 10"), "");
    world_.failpoints.disarm();
    EXPECT_EQ(count("page = 'x'"), 10);
    sound();
    // One that is not made leaves nothing behind.
    const auto files = disk_.list("/lake/bronze/events")->size();
    world_.failpoints.arm("lake.before_commit", 1,
                          [] { return Status(fail(ErrorCode::kConflict, "made so by a test")); });
    EXPECT_TRUE(statement("UPDATE bronze.events SET page = 'y' WHERE id < 10"));
    EXPECT_EQ(count("page = 'y'"), 10);
    EXPECT_LE(disk_.list("/lake/bronze/events")->size(), files + 2);
    sound();
}

TEST_P(ChangeTest, PropertiesOfANewTable) {
    EXPECT_NE(refused("CREATE TABLE a.t (id BIGINT) WITH ('delta.rowTrackingSuspended'='true')"),
              "");
    EXPECT_NE(refused("ALTER TABLE bronze.events SET ('delta.enableIcebergCompatV2'='true')"), "");
    EXPECT_NE(refused("CREATE TABLE a.t (id BIGINT) WITH ('delta.constraints.a'='id > 0')"), "");
    run("CREATE TABLE a.t (id BIGINT, s STRUCT(x INTEGER)) WITH ('delta.columnMapping.mode'='id')");
    run("INSERT INTO a.t VALUES (1, {'x': 2})");
    run("ALTER TABLE a.t RENAME COLUMN id TO who");
    EXPECT_EQ(
        world_.number("SELECT count(*) FROM " + world_.scan("a.t") + " WHERE who = 1 AND s.x = 2"),
        1);
    EXPECT_EQ(problem(lake().verify("a.t")), "");
}

TEST_P(ChangeTest, ATableThatTakesAppendsOnly) {
    run("ALTER TABLE bronze.events SET ('delta.appendOnly' = 'true')");
    for (const char* text :
         {"DELETE FROM bronze.events WHERE id = 1", "UPDATE bronze.events SET page = 'x'",
          "INSERT OVERWRITE bronze.events (id, region) SELECT 1, 'eu'",
          "INSERT OVERWRITE PARTITIONS bronze.events (id, region) SELECT 1, 'eu'"})
        EXPECT_NE(refused(text).find("appends only"), std::string::npos) << text;
    EXPECT_EQ(count("true"), 300);
    run("INSERT INTO bronze.events (id, region) SELECT 1000, 'eu'");
    EXPECT_EQ(count("true"), 301);
    sound();
}

// Columns that change, with rows of before and after, and all kinds of writes on top.
TEST_P(ChangeTest, AlteredColumns) {
    const std::string table = "ALTER TABLE bronze.events ";
    run(table + "ADD COLUMN note VARCHAR");
    run(table + "ADD COLUMN place STRUCT(city VARCHAR, zip INTEGER)");
    run("UPDATE bronze.events SET note = 'n' || id, place = {'city': 'B', 'zip': 7} WHERE id < 5");
    run(table + "RENAME COLUMN note TO remark");
    run(table + "RENAME COLUMN region TO area");
    EXPECT_EQ(count("remark = 'n' || id and place.city = 'B' and place.zip = 7"), 5);
    EXPECT_EQ(count("area = 'eu'"), 90);
    sound();
    // As a flow appends.
    auto renamed = std::make_shared<codec::ColumnBatch>(*events(2000, 10));
    renamed->schema[4].name = "area";
    auto appended = lake().append(append_of(kTable, renamed, 3, clock_.now()));
    ASSERT_TRUE(appended) << appended.error().message();
    EXPECT_EQ(count("id >= 2000 and area = 'eu' and remark is null"), 3);
    sound();
    run("INSERT INTO bronze.events (id, remark, area, place) VALUES (1000, 'new', 'eu', {'city': "
        "'C', 'zip': 8})");
    run("DELETE FROM bronze.events WHERE id = 3 or area is null");
    run("MERGE INTO bronze.events t USING (SELECT 4 AS id, 'merged' AS remark) s ON t.id = s.id "
        "WHEN "
        "MATCHED THEN UPDATE SET remark = s.remark");
    EXPECT_EQ(count("remark = 'merged' and id = 4"), 1);
    EXPECT_EQ(count("remark = 'new' and area = 'eu' and place.zip = 8"), 1);
    sound();

    run(table + "DROP COLUMN page");
    EXPECT_NE(refused("UPDATE bronze.events SET page = 'x'"), "");
    run(table + "ADD COLUMN page BIGINT");  // another one: what stood is not seen again
    EXPECT_EQ(count("page is not null"), 0);
    run(table + "ALTER COLUMN id SET DATA TYPE DECIMAL(22,2)");
    EXPECT_EQ(count("id = 1000"), 1);
    run("INSERT INTO bronze.events (id) VALUES (0.25)");
    EXPECT_EQ(count("id = 0.25"), 1);
    sound();
    EXPECT_NE(refused(table + "ALTER COLUMN id SET DATA TYPE INTEGER"), "");
    EXPECT_NE(refused(table + "ALTER COLUMN amount SET NOT NULL").find("NULL in"),
              std::string::npos);
    run(table + "ALTER COLUMN id DROP NOT NULL");
    run(table + "ALTER COLUMN id SET NOT NULL");
    EXPECT_NE(refused("INSERT INTO bronze.events (page) VALUES (1)").find("required"),
              std::string::npos);
    run("COMMENT ON COLUMN bronze.events.id IS 'who'");
    run(table + "SET ('delta.logRetentionDuration' = 'interval 2 days')");
    auto info = lake().describe("bronze.events");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->properties["delta.logRetentionDuration"], "interval 2 days");
    EXPECT_EQ(info->columns[0].type, *codec::parse_column_type("decimal(22,2)"));
    EXPECT_NE(refused(table + "RENAME COLUMN id TO amount"), "");
    EXPECT_NE(refused(table + "DROP COLUMN nope"), "");
    EXPECT_FALSE(run(table + "DROP COLUMN IF EXISTS nope").committed);
    if (GetParam().partitioned) {
        EXPECT_NE(refused(table + "DROP COLUMN area"), "");
    }
    sound();
}

INSTANTIATE_TEST_SUITE_P(Ways, ChangeTest,
                         ::testing::Values(Way{"rewritten", false, false, false},
                                           Way{"vectors", true, false, false},
                                           Way{"partitioned", false, true, true},
                                           Way{"everything", true, true, true}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace tarn::lake
