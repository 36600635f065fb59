#include "tarn/lake/lake.h"

#include "lake_test_support.h"
#include "tarn/base/names.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

class LakeTest : public ::testing::Test {
  protected:
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    Lake& lake() { return *world_.lake; }
    TableSpec spec(const std::string& name, std::vector<std::string> partition_by = {}) {
        return {name, kEventColumns, std::move(partition_by), {}, "what happened"};
    }
};

TEST_F(LakeTest, AppendedRowsAreReadBack) {
    ASSERT_TRUE(lake().ensure_table(spec("bronze.events")));
    auto outcome = lake().append(append_of("bronze.events", events(0, 1000), 0, clock_.now()));
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->version, 1);
    EXPECT_EQ(outcome->rows, 1000u);
    EXPECT_EQ(outcome->files, 1u);
    auto scan = world_.scan("bronze.events");
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan), 1000);
    EXPECT_EQ(world_.number("SELECT sum(id)::BIGINT FROM " + scan), 499'500);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE page IS NULL"), 200);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE id >= 990"), 10);
    EXPECT_EQ(world_.number("SELECT epoch_us(max(\"at\")) FROM " + scan),
              1'700'000'000'000'000 + 999 * 1'001);
    EXPECT_EQ(problem(lake().verify("bronze.events")), "");
}

TEST_F(LakeTest, TextThatIsNoUtf8IsRefused) {
    ASSERT_TRUE(lake().ensure_table(spec("bronze.events")));
    ASSERT_TRUE(lake().append(append_of("bronze.events", events(0, 10), 0, clock_.now())));
    auto bad = std::make_shared<codec::ColumnBatch>(*events(10, 1));
    bad->columns[4].values<codec::TextRef>()[0] = codec::TextRef("caf\xe9");
    auto refused = lake().append(append_of("bronze.events", bad, 1, clock_.now()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(refused.error().message().find("column region has a text that is not valid UTF-8"),
              std::string::npos)
        << refused.error().message();
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("bronze.events")), 10);
    ASSERT_TRUE(lake().append(append_of("bronze.events", events(10, 1), 1, clock_.now())));
    EXPECT_EQ(problem(lake().verify("bronze.events")), "");
}

TEST_F(LakeTest, MoneyDatesAndNestedValuesAreKept) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"id", ColumnType::kInt64},
                     {"price", ColumnType::decimal(12, 2)},
                     {"local", ColumnType::kTimestampNtz},
                     {"day", ColumnType::kDate},
                     {"tags", ColumnType::list(ColumnType::kText)},
                     {"rate", ColumnType::decimal(4, 1)}};
    batch->row_count = 4;
    std::vector<codec::ColumnBuilder> builders;
    for (auto& column : batch->schema)
        builders.emplace_back(column.type);
    for (int i = 0; i < 4; ++i) {
        builders[0].add_int(i);
        builders[1].add_decimal(codec::Int128(i) * 123'456'789'012 - 5);
        builders[2].add_int(i * 1'000'001);
        builders[3].add_int(i);
        builders[4].add_text(std::string_view("\1\0\0\0\1\1\0\0\0x", 10));  // ['x']
        builders[5].add_decimal(i < 2 ? 75 : 190);
    }
    for (auto& builder : builders)
        batch->columns.push_back(builder.finish(*batch));
    TableSpec money{"gold.money", batch->schema, {"rate"}, {}, ""};
    ASSERT_EQ(problem(lake().ensure_table(money)), "");
    EXPECT_EQ(problem(lake().ensure_table(money)), "") << "it is there already, and the same";
    auto outcome = lake().append(append_of("gold.money", batch, 0, clock_.now()));
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->files, 2u) << "one for each rate";
    EXPECT_EQ(problem(lake().verify("gold.money")), "");
    auto scan = world_.scan("gold.money");
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE price = 3703703670.31"), 1);
    EXPECT_EQ(world_.number("SELECT id FROM " + scan + " WHERE price < 0"), 0);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE rate = 19.0"), 2);
    EXPECT_EQ(world_.number("SELECT id FROM " + scan +
                            " WHERE local = TIMESTAMP '1970-01-01 00:00:02.000002'"),
              2);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE tags[1] = 'x'"), 4);
    auto info = lake().describe("gold.money");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->columns, batch->schema);
    money.name = "gold.nested";
    money.partition_by = {"tags"};
    EXPECT_NE(problem(lake().ensure_table(money)).find("cannot be partitioned by tags"),
              std::string::npos);
}

// As delta-rs deletes: the file goes, one with the rows that are left comes.
TEST_F(LakeTest, ADeleteOfAnotherEngineAddsNoRows) {
    ASSERT_TRUE(lake().ensure_table(spec("bronze.events")));
    ASSERT_TRUE(lake().append(append_of("bronze.events", events(0, 10), 0, clock_.now())));
    auto files = lake().files("bronze.events");
    ASSERT_TRUE(files);
    const auto& path = files->files[0]->path;
    auto commit = [&](int version, const std::string& operation) {
        auto name = "/lake/bronze/events/_delta_log/0000000000000000000" + std::to_string(version) +
                    ".json";
        return disk_.put_if_absent(
            name, R"({"commitInfo":{"timestamp":1,"operation":")" + operation + R"("}})" + "\n" +
                      R"({"remove":{"path":")" + path + R"(","dataChange":true}})" + "\n" +
                      R"({"add":{"path":")" + path + R"(.left","partitionValues":{},"size":1,)" +
                      R"("modificationTime":1,"dataChange":true}})" + "\n");
    };
    ASSERT_TRUE(commit(2, "DELETE"));
    auto deleted = lake().added("bronze.events", 2);
    ASSERT_TRUE(deleted) << deleted.error().message();
    EXPECT_TRUE(deleted->files.empty());
    ASSERT_TRUE(commit(3, "UPDATE"));
    auto updated = lake().added("bronze.events", 3);
    ASSERT_FALSE(updated);
    EXPECT_NE(updated.error().message().find("UPDATE"), std::string::npos);
}

TEST_F(LakeTest, PartitionsWithSpecialCharacters) {
    ASSERT_TRUE(lake().ensure_table(spec("bronze.events", {"region"})));
    for (int epoch = 0; epoch < 3; ++epoch)
        ASSERT_TRUE(lake().append(
            append_of("bronze.events", events(epoch * 100, 100), epoch, clock_.now())));
    auto scan = world_.scan("bronze.events");
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan), 300);
    EXPECT_EQ(
        world_.number("SELECT count(*) FROM " + scan + " WHERE region = 'US/East coast'"),
        world_.number("SELECT count(*) FROM range(300) t(i) WHERE i % 3 = 1 AND i % 11 <> 0"));
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + scan + " WHERE region IS NULL"), 28);
    EXPECT_EQ(
        world_.number("SELECT count(*) FROM " + scan + " WHERE region = 'a=b%20c' AND id > 250"),
        world_.number(
            "SELECT count(*) FROM range(300) t(i) WHERE i % 3 = 2 AND i % 11 <> 0 AND i > 250"));
    auto info = lake().describe("bronze.events");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->files, 12u);
    EXPECT_EQ(info->rows, 300);
    EXPECT_EQ(problem(lake().verify("bronze.events")), "");
}

TEST_F(LakeTest, SameTransactionIsMadeOnce) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    ASSERT_TRUE(lake().append(append_of("a.t", events(0, 10), 7, clock_.now())));
    auto again = lake().append(append_of("a.t", events(0, 10), 7, clock_.now()));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->duplicate);
    EXPECT_EQ(again->version, 1);
    EXPECT_TRUE(lake().append(append_of("a.t", events(0, 10), 6, clock_.now()))->duplicate);
    EXPECT_EQ(lake().txn_version("a.t", "flow-g1"), 7);
    EXPECT_EQ(lake().txn_version("a.t", "other"), -1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t")), 10);
}

TEST_F(LakeTest, ANewerTransactionOfSomeoneElseFences) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    ASSERT_TRUE(lake().append(append_of("a.t", events(0, 10), 1, clock_.now())));
    World other(disk_, clock_, 2);
    ASSERT_EQ(other.lake->txn_version("a.t", "flow-g1"), 1);
    ASSERT_TRUE(other.lake->append(append_of("a.t", events(10, 10), 2, clock_.now())));
    auto fenced = lake().append(append_of("a.t", events(10, 10), 2, clock_.now()));
    ASSERT_FALSE(fenced);
    EXPECT_EQ(fenced.error().code(), ErrorCode::kConflict);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t")), 20);
}

TEST_F(LakeTest, TwoWritersOfDifferentFlowsShareATable) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    World other(disk_, clock_, 2);
    for (int i = 0; i < 12; ++i) {
        auto mine = append_of("a.t", events(i * 2, 1), i, clock_.now());
        auto theirs = append_of("a.t", events(i * 2 + 1, 1), i, clock_.now());
        theirs.txn->app_id = theirs.file_stem = "other";
        theirs.file_stem += std::to_string(i);
        ASSERT_TRUE(lake().append(std::move(mine)));
        auto made = other.lake->append(std::move(theirs));
        ASSERT_TRUE(made) << made.error().message();
    }
    EXPECT_EQ(lake().describe("a.t")->version, 24);
    EXPECT_EQ(world_.number("SELECT count(DISTINCT id) FROM " + world_.scan("a.t")), 24);
    EXPECT_EQ(problem(lake().verify("a.t")), "");
}

TEST_F(LakeTest, EnsureTableSaysWhatDiffers) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t", {"region"})));
    EXPECT_TRUE(lake().ensure_table(spec("a.t", {"region"})));
    auto changed = spec("a.t", {"region"});
    changed.columns[2].type = ColumnType::kInt64;
    auto status = lake().ensure_table(changed);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_NE(status.error().message().find("amount"), std::string::npos)
        << status.error().message();
    EXPECT_EQ(lake().ensure_table(spec("a.t")).error().code(), ErrorCode::kAlreadyExists);
    auto bad = spec("a.u");
    bad.columns[1].name = "two words";
    EXPECT_EQ(lake().ensure_table(bad).error().code(), ErrorCode::kInvalidArgument);
    bad.columns[1].name = "ID";
    EXPECT_EQ(lake().ensure_table(bad).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(lake().ensure_table(spec("../escape.t")).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(lake().append(append_of("a.none", events(0, 1), 0, clock_.now())).error().code(),
              ErrorCode::kNotFound);
}

// The names are those of tarn/base/names.h, which src/project holds itself to as well.
TEST_F(LakeTest, NamesAreThoseOfTheOneRule) {
    for (const char* name : {"_stg.t", "a._t", "a.1t", "a.-t", "a.b.c", "a.two words", "t"}) {
        EXPECT_FALSE(is_table_name(name)) << name;
        EXPECT_EQ(lake().ensure_table(spec(name)).error().code(), ErrorCode::kInvalidArgument);
        EXPECT_EQ(lake().describe(name).error().code(), ErrorCode::kInvalidArgument) << name;
    }
    EXPECT_EQ(lake().describe("_stg.t").error().message(),
              "a table's name is schema.table, each of letters, digits, '_' and '-', the first a "
              "letter: _stg.t");
    ASSERT_TRUE(is_table_name("A-b_1.my-clicks"));
    ASSERT_TRUE(lake().ensure_table(spec("A-b_1.my-clicks")));
    EXPECT_TRUE(lake().ensure_table(spec("A-b_1.my-clicks")));
    auto status = lake().ensure_table(spec("a-b_1.My-clicks"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(status.error().message(),
              "table a-b_1.My-clicks would differ in case alone from A-b_1.my-clicks, which is "
              "there");
    EXPECT_TRUE(lake().ensure_table(spec("a-b_1.other")));
    EXPECT_EQ(lake().tables(), (std::vector<std::string>{"A-b_1.my-clicks", "a-b_1.other"}));
    ASSERT_TRUE(lake().drop_table("A-b_1.my-clicks"));
    EXPECT_TRUE(lake().ensure_table(spec("a-b_1.My-clicks")));
}

TEST_F(LakeTest, RowsThatDoNotFitAreRefused) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    auto rows = std::make_shared<codec::ColumnBatch>(*events(0, 3));
    rows->columns[0].set_null(1, 3);
    auto refused = lake().append(append_of("a.t", rows, 0, clock_.now()));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("id is required"), std::string::npos)
        << refused.error().message();
    rows = std::make_shared<codec::ColumnBatch>(*events(0, 3));
    rows->schema[1].name = "pagina";
    EXPECT_EQ(lake().append(append_of("a.t", rows, 0, clock_.now())).error().code(),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(lake().describe("a.t")->version, 0);
}

// Readers of Delta choose versions by time: the times of commits grow whatever the clock does, and
// are the clock's again once it has caught up.
TEST_F(LakeTest, CommitTimesGrowAlsoWhenTheClockGoesBack) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    int64_t epoch = 0;
    auto committed = [&] {
        const auto made =
            lake().append(append_of("a.t", events(epoch * 10, 10), epoch, clock_.now()));
        EXPECT_TRUE(made) << made.error().message();
        ++epoch;
        return lake().history("a.t", 1)->front().time.ms();
    };
    const auto& ahead = world_.metrics.counter("tarn_lake_commits_ahead_total", "");
    clock_.advance(Duration::seconds(10));
    const auto first = committed();
    EXPECT_EQ(first, clock_.now().ms());
    clock_.advance(Duration::seconds(-3600));
    EXPECT_EQ(committed(), first + 1);
    EXPECT_EQ(committed(), first + 2);
    EXPECT_EQ(ahead.value(), 2);
    clock_.advance(Duration::seconds(3601));
    EXPECT_EQ(committed(), clock_.now().ms());
    EXPECT_EQ(ahead.value(), 2);
}

TEST_F(LakeTest, CheckpointsHistoryAndAFreshReader) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t", {"region"})));
    for (int epoch = 0; epoch < 23; ++epoch) {
        clock_.advance(Duration::seconds(1));
        auto made = lake().append(append_of("a.t", events(epoch * 10, 10), epoch, clock_.now()));
        ASSERT_TRUE(made) << made.error().message();
    }
    EXPECT_TRUE(disk_.exists("/lake/a/t/_delta_log/00000000000000000010.checkpoint.parquet"));
    EXPECT_TRUE(disk_.exists("/lake/a/t/_delta_log/00000000000000000020.checkpoint.parquet"));
    EXPECT_TRUE(disk_.exists("/lake/a/t/_delta_log/_last_checkpoint"));
    // Without the commits before it, the checkpoint must hold all.
    for (int v = 0; v < 20; ++v)
        ASSERT_TRUE(disk_.remove("/lake/a/t/_delta_log/000000000000000000" +
                                 std::string(v < 10 ? "0" : "") + std::to_string(v) + ".json"));
    World fresh(disk_, clock_, 2);
    auto info = fresh.lake->describe("a.t");
    ASSERT_TRUE(info) << info.error().message();
    EXPECT_EQ(info->version, 23);
    EXPECT_EQ(info->rows, 230);
    EXPECT_EQ(fresh.number("SELECT count(*) FROM " + fresh.scan("a.t")), 230);
    EXPECT_EQ(fresh.number("SELECT count(*) FROM " + fresh.scan("a.t") + " WHERE region IS NULL"),
              21);
    EXPECT_EQ(fresh.lake->txn_version("a.t", "flow-g1"), 22);
    EXPECT_EQ(problem(fresh.lake->verify("a.t")), "");
    auto history = fresh.lake->history("a.t", 2);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 2u);
    EXPECT_EQ((*history)[0].version, 23);
    EXPECT_EQ((*history)[0].operation, "WRITE");
    EXPECT_EQ((*history)[0].metrics.at("numOutputRows"), "10");
    EXPECT_EQ((*history)[0].txn->version, 22);
    EXPECT_LT((*history)[1].time, (*history)[0].time);
    EXPECT_EQ(fresh.number("SELECT count(*) FROM delta_scan('/lake/a/t', version => 21)"), 210);
    EXPECT_EQ(lake().tables(), std::vector<std::string>{"a.t"});
}

// Users' SQL runs in engines that may read nothing but tables; a table's checkpoints are read all
// the same.
TEST_F(LakeTest, RestrictedEnginesReadTablesWithCheckpoints) {
    auto table = spec("a.t", {"region"});
    table.properties = {{"delta.logRetentionDuration", "interval 1 hour"},
                        {"delta.checkpointInterval", "3"}};
    ASSERT_TRUE(lake().ensure_table(table));
    for (int epoch = 0; epoch < 8; ++epoch) {
        clock_.advance(Duration::seconds(60 * 60));
        ASSERT_TRUE(lake().append(append_of("a.t", events(epoch, 1), epoch, clock_.now())));
    }
    ASSERT_FALSE(disk_.exists("/lake/a/t/_delta_log/00000000000000000000.json"));
    struct Provider final : sql::TableProvider {
        Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                     std::string_view name) override {
            if (schema == "a" && name == "t") return sql::TableRef(sql::DeltaTableRef{"/lake/a/t"});
            return std::nullopt;
        }
        std::vector<std::string> names() override { return {"a.t"}; }
    } provider;
    for (bool allow_paths : {false, true}) {
        sql::EngineOptions options;
        options.restricted = true;
        options.allow_delta_scan = allow_paths;
        auto engine = sql::Engine::open(options, disk_, &provider);
        ASSERT_TRUE(engine) << engine.error().message();
        auto session = (*engine)->session();
        auto rows = (*session)->query_columns("SELECT sum(id)::BIGINT FROM a.t");
        ASSERT_TRUE(rows) << rows.error().message();
        EXPECT_EQ(rows->columns[0].values<int64_t>()[0], 28);
        auto path =
            (*session)->query_columns("SELECT sum(id)::BIGINT FROM delta_scan('/lake/a/t')");
        EXPECT_EQ(path.has_value(), allow_paths);
        EXPECT_FALSE((*session)->query_columns(
            "SELECT * FROM read_parquet('tarn:///lake/a/t/**/*.parquet')"));
    }
}

TEST_F(LakeTest, TheLogIsCleanedBehindACheckpoint) {
    auto table = spec("a.t");
    table.properties = {{"delta.logRetentionDuration", "interval 1 hour"},
                        {"delta.checkpointInterval", "3"}};
    ASSERT_TRUE(lake().ensure_table(table));
    for (int epoch = 0; epoch < 30; ++epoch) {
        clock_.advance(Duration::seconds(30 * 60));
        ASSERT_TRUE(lake().append(append_of("a.t", events(epoch, 1), epoch, clock_.now())));
    }
    EXPECT_FALSE(disk_.exists("/lake/a/t/_delta_log/00000000000000000000.json"));
    World fresh(disk_, clock_, 2);
    EXPECT_EQ(fresh.number("SELECT count(*) FROM " + fresh.scan("a.t")), 30);
    EXPECT_EQ(lake().describe("a.t")->rows, 30);
    EXPECT_EQ(problem(lake().verify("a.t")), "");
}

TEST_F(LakeTest, ADroppedTableComesBackEmpty) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    for (int epoch = 0; epoch < 11; ++epoch)
        ASSERT_TRUE(lake().append(append_of("a.t", events(epoch, 1), epoch, clock_.now())));
    EXPECT_EQ(world_.number("SELECT sum(id)::BIGINT FROM " + world_.scan("a.t")), 55);
    ASSERT_TRUE(lake().drop_table("a.t"));
    EXPECT_TRUE(lake().tables().empty());
    EXPECT_EQ(lake().describe("a.t").error().code(), ErrorCode::kNotFound);
    clock_.advance(Duration::seconds(1));
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    for (int epoch = 0; epoch < 11; ++epoch)
        ASSERT_TRUE(lake().append(append_of("a.t", events(100 + epoch, 1), epoch, clock_.now())));
    EXPECT_EQ(world_.number("SELECT sum(id)::BIGINT FROM " + world_.scan("a.t")), 1155);
}

TEST_F(LakeTest, AnEmptyAppendMovesTheTransaction) {
    ASSERT_TRUE(lake().ensure_table(spec("a.t")));
    auto request = append_of("a.t", events(0, 0), 4, clock_.now());
    request.batches.clear();
    request.more_txns = {{"topic-0", 100}, {"topic-1", 200}};
    auto made = lake().append(std::move(request));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->files, 0u);
    EXPECT_EQ(lake().txn_version("a.t", "flow-g1"), 4);
    EXPECT_EQ(lake().txn_version("a.t", "topic-1"), 200);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t")), 0);
}

}  // namespace
}  // namespace tarn::lake
