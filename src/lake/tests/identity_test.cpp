// Identity columns: numbers that a table gives, each once, whoever inserts and however often a
// statement is run again.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <limits>
#include <set>
#include <thread>

#include "identity.h"
#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using testing::problem;
using testing::World;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(Identity, CountsOnFromItsMark) {
    auto next = [](int64_t start, int64_t step, std::optional<int64_t> mark, uint64_t after = 0) {
        auto out = Identity{start, step, mark, false}.next(after);
        return out ? fmt::format("{}", *out) : std::string("none");
    };
    EXPECT_EQ(next(1, 1, std::nullopt), "1");
    EXPECT_EQ(next(1, 1, std::nullopt, 4), "5");
    EXPECT_EQ(next(1, 1, 7), "8");
    EXPECT_EQ(next(10, 5, 20), "25");
    EXPECT_EQ(next(10, 5, 22), "25") << "the next one beyond";
    EXPECT_EQ(next(10, 5, -100), "10") << "a mark before the start";
    EXPECT_EQ(next(-3, -2, -3), "-5");
    EXPECT_EQ(next(-3, -2, -4), "-5");
    EXPECT_EQ(next(-3, -2, 100), "-3");
    EXPECT_EQ(next(1, 1, kMost), "none");
    EXPECT_EQ(next(1, 1, kMost - 1), fmt::format("{}", kMost));
    EXPECT_EQ(next(1, 1, kMost - 1, 1), "none");
    EXPECT_EQ(next(kLeast, kMost, std::nullopt, 2), fmt::format("{}", kMost - 1));
    EXPECT_EQ(next(kMost, kLeast, std::nullopt, 1), "-1");
    EXPECT_EQ(next(1, kMost, 1, std::numeric_limits<uint64_t>::max()), "none");
}

TEST(Identity, IsReadFromMetadataOrRefused) {
    auto read = [](const std::string& metadata, delta::TypeKind kind = delta::TypeKind::kLong) {
        delta::Field field;
        field.name = "id";
        field.type.kind = kind;
        field.metadata = metadata;
        auto out = identity_of(field);
        if (!out) return std::string("refused");
        if (!*out) return std::string("none");
        return fmt::format("{} {} {} {}", (*out)->start, (*out)->step,
                           (*out)->high_water_mark.value_or(-7), (*out)->takes_values);
    };
    EXPECT_EQ(read("{}"), "none");
    EXPECT_EQ(read(R"({"comment":"delta.identity.start"})"), "none");
    EXPECT_EQ(
        read(R"({"delta.identity.start":5,"delta.identity.step":-2,)"
             R"("delta.identity.allowExplicitInsert":true,"delta.identity.highWaterMark":3})"),
        "5 -2 3 true");
    EXPECT_EQ(read(R"({"delta.identity.start":1,"delta.identity.step":1})"), "1 1 -7 false");
    const std::string whole = R"({"delta.identity.start":1,"delta.identity.step":1})";
    EXPECT_EQ(read(whole, delta::TypeKind::kInteger), "refused");
    for (
        const char* bad :
        {R"({"delta.identity.start":1,"delta.identity.step":0})", R"({"delta.identity.start":1})",
         R"({"delta.identity.start":"1","delta.identity.step":1})",
         R"({"delta.identity.start":1.5,"delta.identity.step":1})",
         R"({"delta.identity.start":18446744073709551615,"delta.identity.step":1})",
         R"({"delta.identity.start":99999999999999999999,"delta.identity.step":1})",
         R"({"delta.identity.start":1,"delta.identity.step":1,"delta.identity.highWaterMark":[]})"})
        EXPECT_EQ(read(bad), "refused") << bad;
}

class IdentityTest : public ::testing::TestWithParam<bool> {  // whether rows are marked as deleted
  protected:
    Lake& lake() { return *world_.lake; }
    Result<ChangeOutcome> statement(const std::string& text) {
        TARN_TRY(auto parsed, sql::parse_table_statement(*world_.engine, text, false));
        EXPECT_TRUE(parsed) << text;
        return run_statement(lake(), *world_.engine, *parsed);
    }
    void run(const std::string& text) {
        auto made = statement(text);
        ASSERT_TRUE(made) << text << ": " << made.error().message();
    }
    std::string refused(const std::string& text) {
        auto made = statement(text);
        EXPECT_FALSE(made) << text;
        return made ? "" : made.error().message();
    }
    void create(const std::string& column, const std::string& more = "") {
        run(
            fmt::format("CREATE TABLE a.t ({}, v VARCHAR{}) WITH ('delta.enableDeletionVectors'="
                        "'{}', 'delta.enableChangeDataFeed'='true')",
                        column, more, GetParam()));
    }
    std::string rows(const std::string& from = "a.t") {
        auto session = world_.engine->session();
        auto read = (*session)->query_columns(
            "SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM " + world_.scan(from));
        EXPECT_TRUE(read) << read.error().message();
        return read ? std::string(read->columns[0].text(0)) : "";
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_P(IdentityTest, NumbersAreGivenOnce) {
    create("id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5)");
    run("INSERT INTO a.t (v) VALUES ('a'), ('b')");
    run("INSERT INTO a.t VALUES ('c')");
    EXPECT_EQ(rows(), "10:a 15:b 20:c");
    run("DELETE FROM a.t WHERE v = 'c'");
    run("INSERT INTO a.t BY NAME SELECT 'd' AS v");
    EXPECT_EQ(rows(), "10:a 15:b 25:d");
    run("UPDATE a.t SET v = 'B' WHERE v = 'b'");
    run("MERGE INTO a.t t USING (VALUES ('a', 1), ('x', 2), ('y', 3), ('z', 4)) s(v, n) ON t.v = "
        "s.v WHEN MATCHED THEN UPDATE SET v = 'A' WHEN NOT MATCHED AND n < 4 THEN INSERT (v) "
        "VALUES "
        "(s.v) WHEN NOT MATCHED THEN INSERT (v) VALUES ('other')");
    EXPECT_EQ(world_.number("SELECT count(DISTINCT id) FROM " + world_.scan("a.t") +
                            " WHERE id IN (30, 35, 40) AND v IN ('x', 'y', 'other')"),
              3);
    run("INSERT OVERWRITE a.t (v) VALUES ('last')");
    EXPECT_EQ(rows(), "45:last");
    EXPECT_EQ(problem(lake().verify("a.t")), "");
    // What the change feed says of new rows is what the table has.
    EXPECT_EQ(world_.number("SELECT count(*) FROM delta_changes('/lake/a/t', starting := 0) WHERE "
                            "_change_type = 'insert' AND v IN ('x', 'y', 'other') AND id IN (30, "
                            "35, 40)"),
              3);
}

TEST_P(IdentityTest, ValuesThatCome) {
    create("id BIGINT GENERATED BY DEFAULT AS IDENTITY");
    run("INSERT INTO a.t VALUES (100, 'mine')");
    run("INSERT INTO a.t (v) VALUES ('given')");
    EXPECT_EQ(rows(), "1:given 100:mine");
    EXPECT_NE(refused("UPDATE a.t SET ID = 5").find("identity column"), std::string::npos);
    EXPECT_NE(refused("MERGE INTO a.t t USING (SELECT 1 AS id, 'x' AS v) s ON t.id = s.id WHEN "
                      "MATCHED THEN UPDATE")
                  .find("identity column"),
              std::string::npos);
    run("MERGE INTO a.t t USING (SELECT 7 AS id, 'x' AS v) s ON t.id = s.id WHEN NOT MATCHED THEN "
        "INSERT");
    EXPECT_EQ(rows(), "1:given 7:x 100:mine");
    run("CREATE TABLE a.always (id BIGINT GENERATED ALWAYS AS IDENTITY, v VARCHAR)");
    EXPECT_NE(refused("INSERT INTO a.always VALUES (1, 'x')").find("takes no values"),
              std::string::npos);
    EXPECT_NE(refused("INSERT INTO a.always (id, v) VALUES (1, 'x')").find("takes no values"),
              std::string::npos);
    EXPECT_NE(
        refused("CREATE TABLE a.bad (id INTEGER GENERATED ALWAYS AS IDENTITY)").find("BIGINT"),
        std::string::npos);
    EXPECT_NE(refused("CREATE TABLE a.bad (id BIGINT GENERATED ALWAYS AS IDENTITY (INCREMENT BY "
                      "0))"),
              "");
    EXPECT_NE(refused("CREATE TABLE a.bad (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH "
                      "9223372036854775808))"),
              "");
}

TEST_P(IdentityTest, WritersAtOnceGiveNoNumberTwice) {
    create("id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH -1 INCREMENT BY -1)");
    // Another one commits between: what it counted is seen, and the statement is run again.
    int more = 3;
    std::function<Status()> other = [&]() -> Status {
        if (more-- <= 0) return {};
        World beside(disk_, clock_, uint64_t(50 + more));
        TARN_TRY(auto parsed, sql::parse_table_statement(
                                  *beside.engine, "INSERT INTO a.t (v) VALUES ('other')", false));
        auto made = run_statement(*beside.lake, *beside.engine, *parsed);
        EXPECT_TRUE(made) << made.error().message();
        return {};
    };
    for (int i = 0; i < 3; ++i) {
        world_.failpoints.arm("lake.before_commit", 1, other);
        run("INSERT INTO a.t (v) VALUES ('mine'), ('mine')");
        world_.failpoints.disarm();
    }
    EXPECT_EQ(world_.number("SELECT count(DISTINCT id) FROM " + world_.scan("a.t")), 9);
    EXPECT_EQ(world_.number("SELECT min(id) FROM " + world_.scan("a.t")), -9);
}

TEST_P(IdentityTest, AnOlderVersionDoesNotGiveThemAgain) {
    create("id BIGINT GENERATED ALWAYS AS IDENTITY");
    run("INSERT INTO a.t (v) VALUES ('a')");
    run("INSERT INTO a.t (v) VALUES ('b'), ('c')");
    RestoreRequest request;
    request.table = "a.t";
    request.to.version = 1;
    ASSERT_TRUE(lake().restore(request));
    run("INSERT INTO a.t (v) VALUES ('d')");
    EXPECT_EQ(rows(), "1:a 4:d");
    CloneRequest clone;
    clone.source = "a.t";
    clone.target = "a.copy";
    ASSERT_TRUE(lake().clone(clone));
    run("INSERT INTO a.copy (v) VALUES ('e')");
    EXPECT_EQ(rows("a.copy"), "1:a 4:d 5:e");
}

INSTANTIATE_TEST_SUITE_P(Ways, IdentityTest, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "vectors" : "rewritten"; });

}  // namespace
}  // namespace tarn::lake
