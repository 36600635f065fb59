// Random histories of INSERT, DELETE, UPDATE and MERGE, as SQL: after each statement the lake's
// table has the rows that DuckDB's own table has after the same statement, and is sound.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using testing::problem;
using testing::World;

// id may be NULL and come twice; money must not lose digits; f has NaN. No empty text: as a
// partition
// value it is NULL in Delta.
constexpr const char* kColumns =
    "id INTEGER, part VARCHAR, money DECIMAL(20,4), f DOUBLE, s STRUCT(x INTEGER, y VARCHAR), "
    "l INTEGER[], d DATE";

class History {
  public:
    History(uint64_t seed, bool vectors, bool feed)
        : random_(seed),
          properties_(fmt::format("'delta.enableDeletionVectors'='{}', "
                                  "'delta.enableChangeDataFeed'='{}'",
                                  vectors, feed)) {}

    void run() {
        own_ = std::move(*world_.engine->session());
        const bool partitioned = random_.chance(0.5);
        ASSERT_EQ(problem(own_->execute(fmt::format("CREATE TABLE own ({})", kColumns))), "");
        on_lake(fmt::format("CREATE TABLE a.t ({}){} WITH ({})", kColumns,
                            partitioned ? " PARTITIONED BY (part)" : "", properties_));
        for (int step = 0; step < 14 && !::testing::Test::HasFatalFailure(); ++step)
            one();
        changes_replay();
    }

  private:
    std::string rows() {
        const auto count = 1 + random_.below(40);
        return fmt::format(
            "SELECT CASE WHEN h % 17 = 0 THEN NULL ELSE (h % 60)::INTEGER END AS id, "
            "CASE h % 5 WHEN 0 THEN NULL WHEN 2 THEN 'a/b c' ELSE 'p' || (h % 3) "
            "END "
            "AS part, (h % 100000)::DECIMAL(20,4) + 0.1234 AS money, CASE h % 7 WHEN 0 THEN "
            "'nan'::DOUBLE WHEN 1 THEN -0.0 ELSE h / 3 END AS f, CASE WHEN h % 4 = 0 THEN NULL "
            "ELSE "
            "{{'x': (h % 9)::INTEGER, 'y': 'ü' || h % 9}} END AS s, CASE WHEN h % 6 = 0 THEN NULL "
            "ELSE [h % 2, NULL]::INTEGER[] END AS l, DATE '2026-01-01' + (h % 500)::INTEGER AS d "
            "FROM (SELECT (hash(i + {}) % 1000003)::BIGINT AS h FROM range({}) r(i))",
            random_.below(1'000'000), count);
    }
    std::string condition(const char* alias) {
        const auto n = random_.below(60);
        switch (random_.below(6)) {
            case 0:
                return fmt::format("{}.id < {}", alias, n);
            case 1:
                return fmt::format("{}.part = 'p{}'", alias, n % 3);
            case 2:
                return fmt::format("{}.part IS NULL", alias);
            case 3:
                return fmt::format("{}.s.x > {} OR {}.f = 'nan'::DOUBLE", alias, n % 9, alias);
            case 4:
                return fmt::format("{}.id % 3 = {} AND {}.money > 1000", alias, n % 3, alias);
            default:
                return fmt::format("{}.d < DATE '2026-01-01' + {}", alias, n * 8);
        }
    }
    // "UPDATE SET …" of a clause, from the table itself or from `s`.
    std::string assignments(bool source) {
        switch (random_.below(4)) {
            case 0:
                return source ? "money = t.money + s.money, f = s.f" : "money = t.money * 2";
            case 1:
                return source ? "part = s.part" : "part = 'p1'";
            case 2:
                return source ? "s = s.s, l = s.l" : "s = NULL, l = [1]";
            default:
                return "id = t.id + 100";
        }
    }
    std::string merge() {
        std::string text = fmt::format(
            "MERGE INTO {{}} AS t USING (SELECT DISTINCT ON (id) * FROM "
            "({}) ORDER BY ALL) AS s ON t.id = s.id{}",
            rows(), random_.chance(0.3) ? " AND t.part = s.part" : "");
        for (auto clauses = random_.below(3); clauses > 0; --clauses)
            text += fmt::format(" WHEN MATCHED AND {} THEN {}", condition("t"),
                                random_.chance(0.3) ? "DELETE" : "UPDATE SET " + assignments(true));
        if (random_.chance(0.5)) text += " WHEN MATCHED THEN UPDATE SET " + assignments(true);
        if (random_.chance(0.4))
            text +=
                fmt::format(" WHEN NOT MATCHED BY SOURCE AND {} THEN {}", condition("t"),
                            random_.chance(0.5) ? "DELETE" : "UPDATE SET " + assignments(false));
        if (random_.chance(0.3))
            text += fmt::format(
                " WHEN NOT MATCHED AND {} THEN INSERT (id, money) VALUES (s.id, "
                "s.money)",
                condition("s"));
        return text +
               " WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.part, s.money, s.f, s.s, s.l, "
               "s.d)";
    }
    void one() {
        switch (random_.below(6)) {
            case 0:
                return both(fmt::format("INSERT INTO {{}} {}", rows()));
            case 1:
                return both(fmt::format("DELETE FROM {{}} AS t WHERE {}", condition("t")));
            case 2:
                return both(fmt::format("UPDATE {{}} AS t SET {} WHERE {}", assignments(false),
                                        condition("t")));
            case 3:
                return optimize();
            default:
                return both(merge());
        }
    }
    void optimize() {
        OptimizeRequest request;
        request.table = "a.t";
        const auto made = world_.lake->optimize(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    // The rows of each version are those of the one before with what changed; packing files
    // changes none.
    void changes_replay() {
        const auto newest = world_.lake->describe("a.t");
        ASSERT_TRUE(newest) << newest.error().message();
        int64_t changed = 0;
        for (int64_t version = 1; version <= newest->version; ++version) {
            const auto at = [&](int64_t n) {
                return fmt::format("SELECT * FROM delta_scan('{}', version := {})",
                                   world_.lake->path_of("a.t"), n);
            };
            const auto changes = [&](const char* kinds) {
                return fmt::format(
                    "SELECT * EXCLUDE (_change_type, _commit_version, _commit_timestamp) FROM "
                    "delta_changes('{}', starting := {}, ending := {}) WHERE _change_type IN ({})",
                    world_.lake->path_of("a.t"), version, version, kinds);
            };
            const auto came = changes("'insert', 'update_postimage'");
            const auto gone = changes("'delete', 'update_preimage'");
            const auto before = fmt::format("({} UNION ALL {})", at(version - 1), came);
            const auto after = fmt::format("({} UNION ALL {})", at(version), gone);
            EXPECT_EQ(differing(before, after), 0) << version;
            EXPECT_EQ(differing(after, before), 0) << version;
            changed += world_.number(fmt::format("SELECT count(*) FROM ({})", came));
        }
        EXPECT_GT(changed, 0);
    }
    void both(const std::string& text) {
        SCOPED_TRACE(text);
        const auto own = own_->execute(fill(text, "own"));
        ASSERT_EQ(problem(own), "");
        on_lake(fill(text, "a.t"));
        if (::testing::Test::HasFatalFailure()) return;
        const std::string ours = "SELECT * FROM own";
        const auto theirs = "SELECT * FROM " + world_.scan("a.t");
        EXPECT_EQ(differing(ours, theirs), 0);
        EXPECT_EQ(differing(theirs, ours), 0);
        EXPECT_EQ(problem(world_.lake->verify("a.t")), "");
    }
    static std::string fill(std::string text, const std::string& name) {
        return text.replace(text.find("{}"), 2, name);
    }
    int64_t differing(const std::string& a, const std::string& b) {
        auto count =
            own_->query_columns(fmt::format("SELECT count(*) FROM ({} EXCEPT ALL {})", a, b));
        EXPECT_TRUE(count) << count.error().message();
        return count ? count->columns[0].values<int64_t>()[0] : -1;
    }
    void on_lake(const std::string& text) {
        auto statement = sql::parse_table_statement(*world_.engine, text, false);
        ASSERT_TRUE(statement) << text << ": " << statement.error().message();
        ASSERT_TRUE(*statement) << text;
        auto outcome = run_statement(*world_.lake, *world_.engine, **statement);
        ASSERT_TRUE(outcome) << text << ": " << outcome.error().message();
    }

    Random random_;
    const std::string properties_;
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    std::unique_ptr<sql::Session> own_;
};

class MergeOracle : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MergeOracle, AHistoryOfStatements) {
    const auto seed = GetParam();
    History(seed, seed % 2 == 0, seed % 3 == 0).run();
}

INSTANTIATE_TEST_SUITE_P(Seeds, MergeOracle, ::testing::Range<uint64_t>(1, 25));

}  // namespace
}  // namespace tarn::lake
