#include "tarn/sql/parameters.h"

#include <gtest/gtest.h>

#include <atomic>

#include "batches.h"
#include "memory_tables.h"

namespace tarn::sql {
namespace {

struct Asked : Fixture {
    explicit Asked(bool restricted) : Fixture(options(restricted)) {
        TestBatch batch(3);
        batch.add<int64_t>("id", ColumnType::kInt64, {1, 2, 3});
        batch.text("page", {"/home", "it's", std::nullopt});
        tables.tables["bronze.clicks"] = RowsRef{batch.share()->schema, {batch.share()}};
    }
    static EngineOptions options(bool restricted) {
        EngineOptions out;
        out.restricted = restricted;
        return out;
    }
    std::string ask(std::string_view sql, Parameters parameters) {
        TextSink sink;
        auto stats = session->query(sql, parameters, {}, sink);
        if (!stats)
            return std::string(to_string(stats.error().code())) + ": " + stats.error().message();
        return sink.text;
    }
};

TEST(Parameters, StandForValuesOfAllTypes) {
    Asked a(true);
    EXPECT_EQ(a.ask("select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $6 as f",
                    {{{"1", {}},
                      {"2", true},
                      {"3", int64_t(1) << 60},
                      {"4", 1.5},
                      {"5", "it's; -- $1"},
                      {"6", Timestamp{1'000'000}}}}),
              "{\"a\":null,\"b\":true,\"c\":1152921504606846976,\"d\":1.5,\"e\":\"it's; -- $1\","
              "\"f\":\"1970-01-01T00:00:01.000000Z\"}\n");
    EXPECT_EQ(a.ask("select page from bronze.clicks where id >= $low and page = $Page",
                    {{{"LOW", int64_t(2)}, {"page", "it's"}}}),
              "{\"page\":\"it's\"}\n");
    // A text is what it stands beside, as a literal is.
    EXPECT_EQ(a.ask("select timestamptz '2026-01-02 00:00:00Z' > $1 as later, $2 = 41 as same",
                    {{{"1", "2026-01-01"}, {"2", "41"}}}),
              "{\"later\":true,\"same\":true}\n");
    EXPECT_EQ(a.ask("select range from range($1) where range > $2",
                    {{{"1", int64_t(3)}, {"2", int64_t(1)}}}),
              "{\"range\":2}\n");
}

TEST(Parameters, OfWhichOneLacksOrIsTooManyAreRefused) {
    Asked a(true);
    EXPECT_EQ(a.ask("select $1, $2", {{{"1", int64_t(1)}}}),
              "invalid_argument: the statement has $2, and no value came for it");
    EXPECT_TRUE(a.ask("select $1", {}).starts_with("invalid_argument: "));
    EXPECT_EQ(a.ask("select $a", {{{"a", int64_t(1)}, {"b", int64_t(1)}}}),
              "invalid_argument: a value came for $b, which the statement does not have");
    EXPECT_EQ(a.ask("select 1", {{{"1", int64_t(1)}}}),
              "invalid_argument: a value came for $1, which the statement does not have");
    EXPECT_TRUE(a.ask("select * from bronze.clicks where id = $1", {{{"1", "x"}}})
                    .starts_with("invalid_argument: Could not convert string 'x' to INT64"));
    EXPECT_TRUE(a.ask("selec $1", {{{"1", "x"}}}).starts_with("invalid_argument: "));
    EXPECT_FALSE(a.engine->failed());
}

// The fences hold whatever the values are, also where one stands for a name or a path.
TEST(Parameters, DoNotOpenTheFences) {
    Asked a(true);
    const auto file = testing::TempDir() + "tarn_parameters_" + std::to_string(getpid()) + ".csv";
    ASSERT_TRUE(a.fs.replace(file, "a,b\n1,2\n"));
    for (const auto* sql : {"select * from read_csv($1)",
                            "select * from read_text($1)",
                            "select * from glob($1)",
                            "select * from query_table($1)",
                            "select * from query($1)",
                            "copy (select 1) to $1",
                            "attach $1 as x",
                            "prepare p as select $1",
                            "execute p($1)",
                            "set memory_limit = $1",
                            "call pragma_table_info($1)",
                            "select current_setting($1)",
                            "select getenv($1)",
                            "select getvariable($1)",
                            "select nextval($1)",
                            "select 1; select $1",
                            "select json_serialize_plan($1)",
                            "select * from json_execute_serialized_sql($1)",
                            "select (select count(*) from read_blob($1))",
                            "create table t as select $1",
                            "select * from tarn_rows($1)",
                            "select * from stream($1)",
                            "explain select * from read_csv($1)",
                            "with x as (select * from read_parquet($1)) select * from x",
                            "from $1"}) {
        for (const std::string& value :
             {file, "tarn://" + file, std::string("bronze.clicks"), std::string("0"),
              std::string("select * from read_csv('" + file + "')")}) {
            const auto answer = a.ask(sql, {{{"1", value}}});
            EXPECT_TRUE(answer.starts_with("unsupported: ") ||
                        answer.starts_with("invalid_argument: "))
                << sql << " with " << value << " → " << answer;
        }
    }
    EXPECT_FALSE(a.ask("select * from delta_scan($1)", {{{"1", file}}}).starts_with("{"));
    EXPECT_FALSE(a.engine->failed());
    EXPECT_EQ(
        a.ask("select count(*) as n from bronze.clicks where id <= $1", {{{"1", int64_t(2)}}}),
        "{\"n\":2}\n");
    ASSERT_TRUE(a.fs.remove(file));
}

}  // namespace
}  // namespace tarn::sql
