// Rows of a table that tracks them keep their ids, and the version that wrote them last, whatever
// moves them: against a model that knows for each row which statement touched it.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <set>

#include "lake_test_support.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/checkpoint_io.h"

namespace tarn::lake {
namespace {

using testing::problem;
using testing::World;

struct Way {
    const char* name;
    bool vectors, feed, partitioned, mapped;
};

struct Tracked {
    int64_t id = 0, version = 0;
    friend bool operator==(const Tracked&, const Tracked&) = default;
};
using TrackedRows = std::map<int64_t, Tracked>;  // by column k

void PrintTo(const Tracked& row, std::ostream* out) { *out << row.id << "@" << row.version; }

class RowTrackingTest : public ::testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        std::string properties = "'delta.enableRowTracking'='true'";
        if (GetParam().vectors) properties += ", 'delta.enableDeletionVectors'='true'";
        if (GetParam().feed) properties += ", 'delta.enableChangeDataFeed'='true'";
        if (GetParam().mapped) properties += ", 'delta.columnMapping.mode'='id'";
        run(fmt::format("CREATE TABLE a.t (k BIGINT, g BIGINT, v VARCHAR){} WITH ({})",
                        GetParam().partitioned ? " PARTITIONED BY (g)" : "", properties));
        for (int from = 0; from < 30; from += 10)
            run(fmt::format("INSERT INTO a.t SELECT i, i % 3, 'v' || i FROM range({}, {}) r(i)",
                            from, from + 10));
    }
    Lake& lake() { return *world_.lake; }
    Result<ChangeOutcome> statement(const std::string& text) {
        TARN_TRY(auto parsed, sql::parse_table_statement(*world_.engine, text, false));
        EXPECT_TRUE(parsed) << text;
        return run_statement(lake(), *world_.engine, *parsed);
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
    TrackedRows rows(const std::string& more = "", const std::string& table = "a.t") {
        auto session = world_.engine->session();
        auto read = (*session)->query_columns(
            fmt::format("SELECT k, _row_id, _row_commit_version FROM table_row_ids('{}'{})",
                        lake().path_of(table), more));
        EXPECT_TRUE(read) << read.error().message();
        TrackedRows out;
        std::set<int64_t> ids;
        for (size_t row = 0; read && row < read->row_count; ++row) {
            auto value = [&](size_t column) {
                EXPECT_FALSE(read->columns[column].is_null(row));
                return read->columns[column].values<int64_t>()[row];
            };
            EXPECT_TRUE(out.emplace(value(0), Tracked{value(1), value(2)}).second);
            EXPECT_TRUE(ids.insert(value(1)).second) << "an id of two rows: " << value(1);
        }
        return out;
    }
    std::shared_ptr<const delta::Snapshot> snapshot() {
        auto io = sql::make_checkpoint_io(*world_.engine, disk_);
        return *delta::Table(disk_, lake().path_of("a.t"), io.get()).refresh();
    }
    void sound() { EXPECT_EQ(problem(lake().verify("a.t")), ""); }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_P(RowTrackingTest, EachStatementKeepsWhatItDoesNotTouch) {
    auto model = rows();
    ASSERT_EQ(model.size(), 30);
    for (auto& [k, row] : model)
        EXPECT_EQ(row.version, 1 + k / 10);

    auto made = run("DELETE FROM a.t WHERE k % 7 = 3");
    std::erase_if(model, [](auto& one) { return one.first % 7 == 3; });
    EXPECT_EQ(rows(), model);
    sound();

    made = run("UPDATE a.t SET v = 'new', g = 1 WHERE k BETWEEN 5 AND 14");
    for (auto& [k, row] : model)
        if (k >= 5 && k <= 14) row.version = made.version;
    EXPECT_EQ(rows(), model);
    sound();

    made = run(
        "MERGE INTO a.t t USING (SELECT i AS k, i % 2 AS g, 'm' AS v FROM range(12, 40, 2) r(i)) s "
        "ON t.k = s.k WHEN MATCHED AND t.k % 4 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = "
        "s.v WHEN NOT MATCHED AND s.k > 30 THEN INSERT * WHEN NOT MATCHED BY SOURCE AND t.k = 1 "
        "THEN UPDATE SET v = 'alone'");
    std::set<int64_t> known;
    for (auto& [k, row] : model)
        known.insert(row.id);
    std::erase_if(model, [](auto& one) { return one.first >= 12 && one.first % 4 == 0; });
    for (auto& [k, row] : model)
        if (k == 1 || (k >= 12 && k % 2 == 0)) row.version = made.version;
    auto after = rows();
    for (int64_t k = 32; k < 40; k += 2) {
        ASSERT_TRUE(after.contains(k)) << k;
        EXPECT_FALSE(known.contains(after[k].id)) << "an id once more";
        EXPECT_EQ(after[k].version, made.version);
        model[k] = after[k];
    }
    EXPECT_EQ(after, model);
    sound();

    // Moved only.
    for (const std::vector<std::string>& order : {std::vector<std::string>(), {"v", "k"}}) {
        OptimizeRequest request;
        request.table = "a.t";
        request.order_by = order;
        auto optimized = lake().optimize(request);
        ASSERT_TRUE(optimized) << optimized.error().message();
        EXPECT_GT(optimized->files_removed, 0);
        EXPECT_EQ(rows(), model);
        sound();
    }
    made = run("DELETE FROM a.t WHERE k = 1");
    model.erase(1);
    EXPECT_EQ(rows(), model);

    // New columns and names; what comes is counted on.
    run("ALTER TABLE a.t ADD COLUMN more BIGINT");
    run("ALTER TABLE a.t RENAME COLUMN v TO w");
    made = run("UPDATE a.t SET more = 1 WHERE k < 10");
    for (auto& [k, row] : model)
        if (k < 10) row.version = made.version;
    EXPECT_EQ(rows(), model);
    made = run("INSERT INTO a.t (k) VALUES (100)");
    EXPECT_EQ(rows()[100].version, made.version);
    sound();
}

TEST_P(RowTrackingTest, OlderVersionsAndCopiesHaveTheirs) {
    const auto first = rows();
    run("UPDATE a.t SET v = 'x' WHERE k < 15");
    const auto second = rows();
    EXPECT_EQ(rows(", 3"), first);
    RestoreRequest request;
    request.table = "a.t";
    request.to.version = 3;
    auto restored = lake().restore(request);
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(rows(), first);
    run("INSERT INTO a.t VALUES (200, 1, 'after')");
    for (const auto& [k, row] : second)
        EXPECT_NE(rows()[200].id, row.id) << "ids are not given twice";
    for (const bool deep : {false, true}) {
        CloneRequest clone;
        clone.source = "a.t";
        clone.target = deep ? "a.deep" : "a.shallow";
        clone.deep = deep;
        ASSERT_TRUE(lake().clone(clone));
        const auto copied = rows("", clone.target);
        EXPECT_EQ(copied, rows());
        run("INSERT INTO " + clone.target + " VALUES (300, 1, 'more')");
        EXPECT_EQ(rows("", clone.target).size(), copied.size() + 1);
    }
    sound();
}

TEST_P(RowTrackingTest, TheLogSaysSo) {
    run("UPDATE a.t SET v = 'x' WHERE k < 15");
    const auto table = snapshot();
    const auto text =
        *disk_.read_all(fmt::format("/lake/a/t/_delta_log/{:020}.json", table->version));
    EXPECT_NE(text.find(R"("tags":{"delta.rowTracking.preserved":"true"})"), text.npos) << text;
    EXPECT_TRUE(table->domains->contains("delta.rowTracking"));
    table->files.each([](const auto& file) {
        EXPECT_TRUE(file->base_row_id);
        EXPECT_TRUE(file->default_row_commit_version);
    });
    EXPECT_NE(refused("ALTER TABLE a.t SET ('delta.rowTrackingSuspended'='true')"), "");
    EXPECT_NE(refused("ALTER TABLE a.t SET ('delta.rowTracking.materializedRowIdColumnName'='k')"),
              "");
}

INSTANTIATE_TEST_SUITE_P(Ways, RowTrackingTest,
                         ::testing::Values(Way{"rewritten", false, false, false, false},
                                           Way{"vectors", true, true, false, false},
                                           Way{"partitioned", false, true, true, false},
                                           Way{"mapped", true, false, false, true}),
                         [](const auto& way) { return way.param.name; });

class LateTrackingTest : public RowTrackingTest {
    void SetUp() override {}
};

TEST_P(LateTrackingTest, ATableThatIsThereGetsIdsForItsRows) {
    run("CREATE TABLE a.t (k BIGINT)");
    run("INSERT INTO a.t VALUES (1), (2)");
    run("INSERT INTO a.t VALUES (3)");
    auto session = world_.engine->session();
    EXPECT_FALSE((*session)->query_columns("SELECT * FROM table_row_ids('/lake/a/t')"));
    const auto made = run("ALTER TABLE a.t SET ('delta.enableRowTracking'='true')");
    const auto model = rows();
    EXPECT_EQ(model, (TrackedRows{
                         {1, {0, made.version}}, {2, {1, made.version}}, {3, {2, made.version}}}));
    run("DELETE FROM a.t WHERE k = 1");
    EXPECT_EQ(rows(), (TrackedRows{{2, {1, made.version}}, {3, {2, made.version}}}));
    // Off, nothing is kept; on again, all rows have ids that no other had.
    run("ALTER TABLE a.t SET ('delta.enableRowTracking'='false')");
    run("UPDATE a.t SET k = 20 WHERE k = 2");
    run("ALTER TABLE a.t SET ('delta.enableRowTracking'='true')");
    EXPECT_GT(rows()[20].id, 2);
    sound();
}

INSTANTIATE_TEST_SUITE_P(Late, LateTrackingTest,
                         ::testing::Values(Way{"any", false, false, false, false}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace tarn::lake
