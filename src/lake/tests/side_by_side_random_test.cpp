// Random histories of two writers who do not see each other: the table is as if their statements
// had come one behind the other.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "side_by_side.h"

namespace tarn::lake {
namespace {

using testing::kStrict;
using testing::Pair;
using testing::problem;
using testing::World;

// Random histories against a table of DuckDB's own, on which the same statements run one behind
// the other, in the order of their versions. Rows of a blind append that a statement did not see,
// and need not have, count as appended behind it: `seq` says which append a row is of.
class RandomPairs : public ::testing::TestWithParam<uint64_t> {
  protected:
    struct Statement {
        std::string text;    // {0}: the table, {2}: to read it, {1}: whether a row of t is seen
        bool blind = false;  // appends, having read nothing: text is the rows
    };
    void run() {
        const bool strict = random_.chance(0.5), partitioned = random_.chance(0.5);
        vectors_ = random_.chance(0.7);
        auto session = pair_.ours().engine->session();
        own_ = std::move(*session);
        on_own("CREATE TABLE own (id INTEGER, part VARCHAR, n INTEGER, seq INTEGER DEFAULT 0)");
        on_lake(pair_.ours(),
                fmt::format("CREATE TABLE a.stock (id INTEGER, part VARCHAR, n INTEGER){} WITH "
                            "('delta.enableDeletionVectors'='{}', "
                            "'delta.enableChangeDataFeed'='{}'{})",
                            partitioned ? " PARTITIONED BY (part)" : "", vectors_,
                            random_.chance(0.7), strict ? kStrict : ""));
        for (int i = 0; i < 3; ++i)
            alone(append());
        for (int round = 0; round < 10 && !::testing::Test::HasFailure(); ++round)
            one();
        if (!::testing::Test::HasFailure()) changes_replay();
    }

  private:
    Statement append() {
        return {fmt::format("SELECT (i + {0})::INTEGER AS id, 'p' || ((i + {0}) % 3) AS part, "
                            "(i * 7 % {1})::INTEGER AS n FROM range({2}) r(i)",
                            random_.below(80), 5 + random_.below(40), 1 + random_.below(30)),
                true};
    }
    std::string where() {
        const auto n = random_.below(100);
        switch (random_.below(5)) {
            case 0:
                return fmt::format("t.id = {}", n);
            case 1:
                return fmt::format("t.id BETWEEN {} AND {}", n, n + random_.below(8));
            case 2:
                return fmt::format("t.part = 'p{}' AND t.n < {}", n % 3, n % 20);
            case 3:
                return fmt::format("t.id % 10 = {} AND t.id < {}", n % 10, 10 + n);
            default:
                return fmt::format("t.n > {}", n / 2);
        }
    }
    std::string merge() {
        const auto first = random_.below(100);
        auto text = fmt::format(
            "MERGE INTO {{0}} AS t USING (SELECT (i * {} + {})::INTEGER AS id, 'p' || (i % 3) AS "
            "part FROM range({}) r(i)) AS s ON t.id = s.id AND {{1}}",
            1 + random_.below(4), first, 1 + random_.below(8));
        if (random_.chance(0.3)) text += " AND t.part = s.part";
        switch (random_.below(4)) {
            case 0:
                text += " WHEN MATCHED THEN DO NOTHING";
                break;
            case 1:
                text += " WHEN MATCHED AND t.n % 2 = 0 THEN DELETE";
                break;
            default:
                text += " WHEN MATCHED THEN UPDATE SET n = t.n + 100";
        }
        if (random_.chance(0.2))
            text += fmt::format(" WHEN NOT MATCHED BY SOURCE AND {{1}} AND t.id < {} THEN DELETE",
                                first / 4);
        if (random_.chance(0.7))
            text += " WHEN NOT MATCHED THEN INSERT (id, part, n) VALUES (s.id, s.part, -1)";
        return text;
    }
    Statement any() {
        switch (random_.below(7)) {
            case 0:
                return append();
            case 1:
                return {
                    fmt::format("INSERT INTO {{0}} (id, part, n) SELECT t.id + 1, t.part, t.n "
                                "FROM {{2}} AS t WHERE {{1}} AND {} AND t.id % 4 = 0",
                                where())};
            case 2:
                return {"OPTIMIZE"};
            case 3:
                return {fmt::format("DELETE FROM {{0}} AS t WHERE {{1}} AND {}", where())};
            case 4:
                return {fmt::format(
                    "UPDATE {{0}} AS t SET {} WHERE {{1}} AND {}",
                    random_.chance(0.5) ? "n = t.n + 1" : "part = 'p1', id = t.id + 1", where())};
            default:
                return {merge()};
        }
    }
    static std::string on(const Statement& statement, const std::string& table,
                          const std::string& seen) {
        if (statement.blind) return "INSERT INTO " + table + " " + statement.text;
        return fmt::format(fmt::runtime(statement.text), table, seen,
                           table == "own" ? table : "delta_scan('/lake/a/stock')");
    }
    // Each as it is committed.
    void model(const Statement& statement, const std::vector<int>& unseen = {}) {
        if (statement.text == "OPTIMIZE") return;
        if (statement.blind)
            return on_own(
                fmt::format("INSERT INTO own SELECT *, {} FROM ({})", ++seq_, statement.text));
        std::string seen = "true";
        for (const auto seq : unseen)
            seen += fmt::format(" AND t.seq <> {}", seq);
        on_own(on(statement, "own", seen));
    }
    void alone(const Statement& statement) {
        on_lake(pair_.ours(), on(statement, "a.stock", "true"));
        model(statement);
    }
    void one() {
        const auto statement = any();
        std::vector<Statement> others;
        for (auto i = random_.below(4); i > 0; --i)
            others.push_back(any());
        std::string trace = statement.text;
        for (const auto& other : others)
            trace += "\n  beside " + other.text;
        SCOPED_TRACE(trace);
        std::vector<int> unseen;
        bool first = false;
        const auto beside = [&] {
            for (const auto& other : others) {
                on_lake(pair_.theirs(), on(other, "a.stock", "true"));
                model(other);
                if (other.blind) unseen.push_back(seq_);
            }
        };
        ChangeOutcome outcome;
        // A statement that changes nothing comes before the others.
        if (pair_.run_beside(on(statement, "a.stock", "true"), beside, outcome)) {
            first = outcome.attempts == 1;
            model(statement, first ? unseen : std::vector<int>());
        }
        attempts_ += outcome.attempts;
        const std::string ours = "SELECT id, part, n FROM own";
        const auto theirs = "SELECT * FROM " + pair_.ours().scan("a.stock");
        EXPECT_EQ(differing(ours, theirs), 0);
        EXPECT_EQ(differing(theirs, ours), 0);
        EXPECT_EQ(problem(pair_.ours().lake->verify("a.stock")), "");
    }
    // Each version is the one before it with what changed.
    void changes_replay() {
        const auto newest = pair_.ours().lake->describe("a.stock");
        ASSERT_TRUE(newest) << newest.error().message();
        const auto path = pair_.ours().lake->path_of("a.stock");
        for (int64_t version = 1; version <= newest->version; ++version) {
            const auto at = [&](int64_t n) {
                return fmt::format("SELECT * FROM delta_scan('{}', version := {})", path, n);
            };
            const auto changes = [&](const char* kinds) {
                return fmt::format(
                    "SELECT id, part, n FROM delta_changes('{}', starting := {}, ending := {}) "
                    "WHERE _change_type IN ({})",
                    path, version, version, kinds);
            };
            const auto before = fmt::format("({} UNION ALL {})", at(version - 1),
                                            changes("'insert', 'update_postimage'"));
            const auto after = fmt::format("({} UNION ALL {})", at(version),
                                           changes("'delete', 'update_preimage'"));
            EXPECT_EQ(differing(before, after), 0) << version;
            EXPECT_EQ(differing(after, before), 0) << version;
        }
    }
    void on_own(const std::string& text) { ASSERT_EQ(problem(own_->execute(text)), "") << text; }
    static void on_lake(World& world, const std::string& text) {
        const auto made = Pair::run(world, text);
        ASSERT_TRUE(made) << text << ": " << made.error().message();
    }
    int64_t differing(const std::string& a, const std::string& b) {
        auto count =
            own_->query_columns(fmt::format("SELECT count(*) FROM ({} EXCEPT ALL {})", a, b));
        EXPECT_TRUE(count) << count.error().message();
        return count ? count->columns[0].values<int64_t>()[0] : -1;
    }

    Random random_{GetParam()};
    Pair pair_;
    std::unique_ptr<sql::Session> own_;
    bool vectors_ = false;
    int seq_ = 0, attempts_ = 0;
};

TEST_P(RandomPairs, AreAsOneBehindTheOther) { run(); }

uint64_t seeds() {
    const auto* text = std::getenv("TARN_SEEDS");
    return text ? std::min<uint64_t>(200, std::strtoull(text, nullptr, 10)) : 12;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPairs, ::testing::Range<uint64_t>(1, 1 + seeds()));

}  // namespace
}  // namespace tarn::lake
