// Care of tables as SQL says it.

#include "tarn/host/table_statements.h"

#include <gtest/gtest.h>

namespace tarn::host {
namespace {

std::string parsed(std::string_view sql) {
    const auto care = parse_care_statement(sql);
    if (!care) return care.error().message();
    if (!*care) return "none";
    return (*care)->verb + " " + (*care)->table + " " + (*care)->request.dump();
}

TEST(CareStatements, AreThoseOfDelta) {
    EXPECT_EQ(parsed("OPTIMIZE a.b"), "optimize a.b {}");
    EXPECT_EQ(
        parsed("-- all\n optimize table \"a\".\"b c\" where p = 'x''y' and q > 1 zorder by "
               "(c, \"d\") dry run;"),
        R"(optimize a.b c {"dry_run":true,"order_by":["c","d"],"where":"p = 'x''y' and q > 1"})");
    EXPECT_EQ(parsed("optimize a.b zorder by c"), R"(optimize a.b {"order_by":["c"]})");
    EXPECT_EQ(parsed("VACUUM a.b"), "vacuum a.b {}");
    EXPECT_EQ(parsed("vacuum a.b lite retain 168 hours dry run"),
              R"(vacuum a.b {"dry_run":true,"lite":true,"retain":"168h"})");
    EXPECT_EQ(parsed("restore table a.b to version as of 7"), R"(restore a.b {"version":7})");
    EXPECT_EQ(parsed("restore a.b to timestamp as of '2026-01-01T00:00:00Z'"),
              R"(restore a.b {"time":"2026-01-01T00:00:00Z"})");
    EXPECT_EQ(parsed("create table c.d shallow clone a.b version as of 3"),
              R"(clone a.b {"deep":false,"target":"c.d","version":3})");
    EXPECT_EQ(parsed("create table c.d deep clone a.b"),
              R"(clone a.b {"deep":true,"target":"c.d"})");
    EXPECT_EQ(parsed("fsck repair table a.b dry run"), R"(repair a.b {"dry_run":true})");
    EXPECT_EQ(parsed("undrop table a.b"), "undrop a.b {}");
    EXPECT_EQ(parsed("UNDROP TABLE a.b AS c.d"), R"(undrop a.b {"as":"c.d"})");
}

TEST(CareStatements, OthersAreNone) {
    for (auto sql :
         {"", "select 1", "create table a.b (c int)", "create or replace table a.b as select 1",
          "create table", "create table a.b as select 'deep clone'", "insert into a.b values (1)"})
        EXPECT_EQ(parsed(sql), "none") << sql;
}

TEST(CareStatements, SayWhatIsMissing) {
    EXPECT_EQ(parsed("optimize"), "expected a name at the end");
    EXPECT_EQ(parsed("optimize a.b where"), "expected a condition at the end");
    EXPECT_EQ(parsed("undrop a.b"), "expected table, not: a.b");
    EXPECT_EQ(parsed("optimize a.b please"), "expected the end, not: please");
    EXPECT_EQ(parsed("vacuum a.b retain 3"), "expected HOURS or DAYS at the end");
    EXPECT_EQ(parsed("vacuum a.b retain x hours"), "expected a number, not: x hours");
    EXPECT_EQ(parsed("restore a.b to 3"), "expected VERSION AS OF or TIMESTAMP AS OF, not: 3");
    EXPECT_EQ(parsed("restore a.b to timestamp as of 3"), "expected a text in '…', not: 3");
}

TEST(TableStatements, AreKnownByTheirFirstWord) {
    EXPECT_TRUE(is_table_statement("  /* x */ -- y\n Merge into t"));
    EXPECT_TRUE(is_table_statement("vacuum a.b"));
    EXPECT_FALSE(is_table_statement("select 1"));
    EXPECT_FALSE(is_table_statement("describe history a.b"));
    EXPECT_FALSE(is_table_statement(""));
}

}  // namespace
}  // namespace tarn::host
