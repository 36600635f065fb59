// Models over changes: what is refused and how it is said, and tables that other engines changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "table_flows.h"

namespace tarn::flow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ChangesFlowTest : public TableFlows {
  protected:
    std::string refused(const std::string& config, const std::string& sql) {
        return TableFlows::refused("changes=true" + config, sql);
    }
};

TEST_F(ChangesFlowTest, WhatIsRefused) {
    run("create table s.t (id integer, name varchar, \"at\" timestamptz)");
    run("create table s.log (id integer, _change_type varchar)");
    const std::string from = " from {{ source('s', 't') }} ";
    EXPECT_THAT(refused("", "select id" + from), HasSubstr("select _change_type"));
    EXPECT_THAT(refused("", "select id, _change_type from {{ source('s', 'log') }}"),
                HasSubstr("has a column _change_type, which its changes have too"));
    EXPECT_THAT(refused(", unique_key='no'", "select id" + from),
                HasSubstr("unique_key names no column of it: no"));
    EXPECT_THAT(refused(", unique_key='id', event_time='at'", "select id, \"at\"" + from),
                HasSubstr("event_time has no meaning for rows by a key"));
    EXPECT_THAT(refused(", unique_key='id'", "select id, row_number() over ()" + from),
                HasSubstr("window functions"));
    EXPECT_THAT(refused(", unique_key='id'", "select id, null::varchar as _rejected" + from),
                HasSubstr("need a table: config(quarantine"));
    EXPECT_THAT(refused("", "select count(*)" + from + "group by id"),
                HasSubstr("a group that is not in the SELECT list"));
    EXPECT_THAT(refused("", "select id, count(*)" + from + "group by grouping sets ((id), ())"),
                HasSubstr("grouping sets"));
    EXPECT_THAT(refused("", "select session(\"at\", interval '1 minute') as s, count(*)" + from +
                                "group by 1"),
                HasSubstr("session(): leave changes=true out"));
    EXPECT_THAT(refused("", "select id, count(*)" + from + "group by id order by id"),
                HasSubstr("ORDER BY"));
    EXPECT_THAT(refused("", "select id, max(_commit_version)" + from + "group by id"),
                HasSubstr("_commit_version is of a change"));
    EXPECT_THAT(refused(", unique_key='id'", "select id, count(*)" + from + "group by id"),
                HasSubstr("unique_key has no meaning for groups over changes"));
}

TEST_F(ChangesFlowTest, RowsThatBreakARule) {
    run("create table s.t (id integer, name varchar, pieces varchar) with "
        "('delta.enableChangeDataFeed'='true')");
    run("insert into s.t values (1, 'a', '1'), (2, 'b', '-2'), (null, 'c', '3'), (4, 'd', 'x')");
    ASSERT_TRUE(
        open({{"m",
               "{{ config(materialized='incremental', changes=true, unique_key='id', every='1s', "
               "quarantine='quarantine.m') }}\n"
               "select id, cast(pieces as integer) as pieces, case when pieces like '-%' then "
               "'below zero' end as _rejected from {{ source('s', 't') }}"}}));
    catch_up();
    EXPECT_THAT(rows("select id, pieces from gold.m order by all"), ElementsAre("1 1"));
    EXPECT_THAT(rows("select id, _reason[:10] from quarantine.m order by all"),
                ElementsAre("2 below zero", "4 Could not ", "id is miss"));
    run("update s.t set pieces = '5' where id > 1");
    run("update s.t set pieces = '-1' where id = 1");
    catch_up();
    EXPECT_THAT(rows("select id, pieces from gold.m order by all"), ElementsAre("2 5", "4 5"));
    EXPECT_EQ(platform_.runtime().describe("gold.m")->quarantined, 4);
}

// Groups are those of a version, which does not change: one that cannot be is passed by a rebuild.
TEST_F(ChangesFlowTest, AValueThatGroupsRefuse) {
    run("create table s.t (id integer, pieces varchar)");
    run("insert into s.t values (1, '1'), (2, '2')");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', changes=true, every='1s') }}\n"
                       "select id % 2 as odd, sum(cast(pieces as integer)) as pieces "
                       "from {{ source('s', 't') }} group by 1"}}));
    catch_up();
    EXPECT_THAT(rows("select odd, pieces from gold.m order by all"), ElementsAre("0 2", "1 1"));
    run("insert into s.t values (3, 'x')");
    platform_.clock.advance(Duration::seconds(10));
    EXPECT_FALSE(platform_.drain());
    const auto status = platform_.runtime().describe("gold.m");
    EXPECT_EQ(status->state, FlowState::kFailed);
    EXPECT_THAT(status->reason, HasSubstr("Could not convert string 'x'"));
    EXPECT_THAT(rows("select odd, pieces from gold.m order by all"), ElementsAre("0 2", "1 1"));
    run("update s.t set pieces = '3' where id = 3");
    ASSERT_TRUE(platform_.runtime().rebuild("gold.m", false));
    catch_up();
    EXPECT_THAT(rows("select odd, pieces from gold.m order by all"), ElementsAre("0 2", "1 4"));
}

// Two processes with one flow: the second to merge a batch is told so.
TEST_F(ChangesFlowTest, AnotherProcessIsFenced) {
    run("create table s.t (id integer, name varchar)");
    run("insert into s.t values (1, 'a')");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', changes=true, unique_key='id', "
                       "every='1s') }}\nselect id, name from {{ source('s', 't') }}"}}));
    catch_up();
    const auto generation = platform_.runtime().describe("gold.m")->generation;
    auto at = platform_.context();
    auto other = lake::Lake::open(
        "d/tables", {at.fs, at.clock, at.random, at.failpoints, at.metrics, at.logger, at.engine});
    ASSERT_TRUE(other);
    lake::MergeRequest merge;
    merge.table = "gold.m";
    merge.source = "select 1 as id, 'theirs' as name";
    merge.on = "t.id = s.id";
    merge.clauses = {
        {lake::MergeWhen::kMatched, lake::MergeThen::kUpdate, "", {{"name", "s.name"}}, false}};
    merge.txn = lake::Txn{"gold.m/" + generation, 1};
    ASSERT_TRUE((*other)->merge(merge));
    run("insert into s.t values (2, 'b')");
    platform_.clock.advance(Duration::seconds(10));
    EXPECT_FALSE(platform_.drain());
    EXPECT_THAT(platform_.runtime().describe("gold.m")->reason, HasSubstr("fenced"));
    EXPECT_THAT(rows("select id, name from gold.m order by all"), ElementsAre("1 theirs"));
}

// The table has row ids, and another engine took rows away.
TEST_F(ChangesFlowTest, ATableWithRowTracking) {
    run("create table s.t (id integer, name varchar)");
    const std::string log = platform_.context().lake.path_of("s.t") + "/_delta_log/";
    auto metadata = platform_.disk.read_all(fmt::format("{}{:020}.json", log, 0)).value();
    metadata = metadata.substr(metadata.find("{\"metaData\":"));
    metadata = metadata.substr(0, metadata.find('\n'));
    const std::string none = "\"configuration\":{}";
    ASSERT_THAT(metadata, HasSubstr(none));
    metadata.replace(metadata.find(none), none.size(),
                     "\"configuration\":{\"delta.enableRowTracking\":\"true\"}");
    ASSERT_TRUE(platform_.disk.put_if_absent(
        fmt::format("{}{:020}.json", log, 1),
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
        "\"rowTracking\",\"domainMetadata\",\"appendOnly\",\"invariants\"]}}\n" +
            metadata + "\n"));
    run("insert into s.t values (1, 'a'), (2, 'b')");
    run("insert into s.t values (3, 'c')");
    ASSERT_TRUE(open({{"keyed",
                       "{{ config(materialized='incremental', changes=true, unique_key='id', "
                       "every='1s') }}\nselect id, name from {{ source('s', 't') }}"},
                      {"counted",
                       "{{ config(materialized='incremental', changes=true, every='1s') }}\n"
                       "select name, count(*) as n from {{ source('s', 't') }} group by name"}}));
    catch_up();
    EXPECT_THAT(rows("select id from gold.keyed order by all"), ElementsAre("1", "2", "3"));
    auto commit = platform_.disk.read_all(fmt::format("{}{:020}.json", log, 2)).value();
    const auto at = commit.find("{\"add\":");
    ASSERT_NE(at, commit.npos);
    EXPECT_THAT(commit, HasSubstr("baseRowId"));
    const auto path_at = commit.find("\"path\":\"", at) + 8;
    const auto path = commit.substr(path_at, commit.find('"', path_at) - path_at);
    ASSERT_TRUE(platform_.disk.put_if_absent(
        fmt::format("{}{:020}.json", log, 4),
        fmt::format("{{\"commitInfo\":{{\"timestamp\":1,\"operation\":\"DELETE\"}}}}\n"
                    "{{\"remove\":{{\"path\":\"{}\",\"deletionTimestamp\":1,\"dataChange\":true,"
                    "\"baseRowId\":0,\"defaultRowCommitVersion\":1}}}}\n",
                    path)));
    run("insert into s.t values (4, 'a')");
    catch_up();
    EXPECT_THAT(rows("select id, name from gold.keyed order by all"), ElementsAre("3 c", "4 a"));
    EXPECT_THAT(rows("select name, n from gold.counted order by all"), ElementsAre("a 1", "c 1"));
}

// A column that comes, goes or is called otherwise is no matter to a model that does not read it; a
// key of several columns with text in the table's partitions.
TEST_F(ChangesFlowTest, ColumnsChangeMeanwhile) {
    run("create table s.t (id integer, name varchar, note varchar)");
    run("insert into s.t values (1, 'a', 'x'), (2, '', 'y')");
    const std::vector<std::pair<std::string, std::string>> models = {
        {"m",
         "{{ config(materialized='incremental', changes=true, unique_key='name, id', "
         "every='1s', partition_by='name') }}\nselect id, name from {{ source('s', 't') }}"}};
    ASSERT_TRUE(open(models));
    catch_up();
    EXPECT_THAT(rows("select id, name from gold.m order by all"), ElementsAre("1 a"));
    run("alter table s.t drop column note");
    run("alter table s.t add column more bigint");
    run("update s.t set name = 'b' where id = 2");
    catch_up();
    EXPECT_THAT(rows("select id, name from gold.m order by all"), ElementsAre("1 a", "2 b"));
    run("create or replace table s.t (name varchar, id integer) partitioned by (name)");
    run("insert into s.t values ('a', 1), ('c', 3)");
    catch_up();
    EXPECT_THAT(rows("select id, name from gold.m order by all"), ElementsAre("1 a", "3 c"));
    // Without one that it reads it stops, and says why.
    run("create or replace table s.t as select 5 as id");
    platform_.clock.advance(Duration::seconds(10));
    EXPECT_FALSE(platform_.drain());
    EXPECT_THAT(platform_.runtime().describe("gold.m")->reason,
                HasSubstr("no column name any more"));
}

}  // namespace
}  // namespace tarn::flow
