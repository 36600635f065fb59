// incremental_strategy: what each does with rows that a table gets, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "table_flows.h"

namespace tarn::flow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using StrategiesTest = TableFlows;

TEST_F(StrategiesTest, WhatIsRefused) {
    run("create table s.t (id integer, name varchar, x double, \"at\" timestamptz)");
    const std::string from = " from {{ source('s', 't') }} ";
    EXPECT_THAT(refused("incremental_strategy='merge'", "select id" + from),
                HasSubstr("incremental_strategy='merge' does not fit rows one by one without"));
    EXPECT_THAT(
        refused("incremental_strategy='append'", "select id, count(*)" + from + "group by 1"),
        HasSubstr("group by tumble(time, size)"));
    EXPECT_THAT(
        refused("incremental_strategy='append'",
                "select tumble(\"at\", interval '1 month') as m, count(*)" + from + "group by 1"),
        HasSubstr("a constant interval"));
    EXPECT_THAT(
        refused("incremental_strategy='merge'",
                "select session(\"at\", interval '1 hour') as m, count(*)" + from + "group by 1"),
        HasSubstr("'merge' does not fit a GROUP BY of this form"));
    EXPECT_THAT(refused("incremental_strategy='insert_overwrite'", "select id" + from),
                HasSubstr("does not fit rows one by one"));
    EXPECT_THAT(refused("incremental_strategy='merge', late='late.m'",
                        "select id, count(*)" + from + "group by 1"),
                HasSubstr("late has no meaning for groups by MERGE"));
    const std::string keyed = "incremental_strategy='merge', unique_key='id', version=";
    EXPECT_THAT(refused(keyed + "'no'", "select id" + from), HasSubstr("version names no column"));
    EXPECT_THAT(refused(keyed + "'x'", "select id, x" + from),
                HasSubstr("version must be a whole number"));
    EXPECT_EQ(refused(keyed + "'at'", "select id, \"at\"" + from), "nothing");
}

TEST_F(StrategiesTest, TheGreatestVersionOfAKeyStands) {
    run("create table s.t (id integer, v integer, name varchar)");
    run("insert into s.t values (1, 5, 'a'), (1, 4, 'older'), (1, 5, 'equal'), (2, 1, 'b'), "
        "(null, 1, 'no key'), (3, null, 'no version')");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', incremental_strategy='merge', "
                       "unique_key='id', version='v', quarantine='quarantine.m', every='1s') }}\n"
                       "select id, v, name from {{ source('s', 't') }}"}}));
    catch_up();
    EXPECT_THAT(rows("select id, v, name from gold.m order by all"), ElementsAre("1 5 a", "2 1 b"));
    EXPECT_THAT(rows("select name, _reason from quarantine.m order by all"),
                ElementsAre("no key id is missing", "no version v is missing"));
    run("insert into s.t values (1, 3, 'late'), (1, 5, 'twice'), (2, 7, 'newer'), (4, -1, 'c')");
    run("insert into s.t values (2, 6, 'between')");
    catch_up();
    EXPECT_THAT(rows("select id, v, name from gold.m order by all"),
                ElementsAre("1 5 a", "2 7 newer", "4 -1 c"));
}

// Without a version the last that comes is the newest.
TEST_F(StrategiesTest, TheLastOfAKeyStands) {
    run("create table s.t (id integer, name varchar)");
    run("insert into s.t values (1, 'a'), (2, 'b'), (1, 'c')");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', incremental_strategy='merge', "
                       "unique_key='id', every='1s') }}\nselect id, name from "
                       "{{ source('s', 't') }}"}}));
    catch_up();
    run("insert into s.t values (2, 'd')");
    catch_up();
    EXPECT_THAT(rows("select id, name from gold.m order by all"), ElementsAre("1 c", "2 d"));
}

TEST_F(StrategiesTest, GroupsAreMergedByTheirKeys) {
    run("create table s.t (day date, name varchar, n integer)");
    run("insert into s.t values ('2026-01-01', 'a', 1), ('2026-01-01', null, 2), "
        "('2026-01-02', '', 3)");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', incremental_strategy='merge', "
                       "partition_by='day', every='1s') }}\nselect day, name, count(*) as rows, "
                       "sum(n) as n from {{ source('s', 't') }} group by all"},
                      {"all",
                       "{{ config(materialized='incremental', incremental_strategy='merge', "
                       "every='1s') }}\nselect count(*) as rows, max(n) as n from "
                       "{{ source('s', 't') }}"}}));
    catch_up();
    run("insert into s.t values ('2026-01-01', null, 20), ('2026-01-02', '', 30), "
        "('2026-01-03', 'a', 4)");
    run("insert into s.t values ('2026-01-01', 'a', 10)");
    catch_up();
    EXPECT_THAT(rows("select day, coalesce(name, 'none'), rows, n from gold.m order by all"),
                ElementsAre("2026-01-01 a 2 11", "2026-01-01 none 2 22", "2026-01-02  2 33",
                            "2026-01-03 a 1 4"));
    EXPECT_THAT(rows("select rows, n from gold.all"), ElementsAre("7 30"));
}

// An hour's end, and the last microsecond before it, by watermark and grace.
TEST_F(StrategiesTest, WindowsAreAppendedWhenTheyAreOver) {
    run("create table s.t (\"at\" timestamptz, n integer)");
    ASSERT_TRUE(open({{"m",
                       "{{ config(materialized='incremental', incremental_strategy='append', "
                       "watermark='10m', grace='1h', late='late.m', every='1s') }}\n"
                       "select tumble(\"at\", interval '1 hour') as hour, count(*) as rows, "
                       "sum(n) as n from {{ source('s', 't') }} group by 1"}}));
    const auto hours = [&] {
        catch_up();
        return rows(
            "select strftime(hour at time zone 'UTC', '%H:%M'), rows, n from gold.m "
            "order by all");
    };
    const auto add = [&](const std::string& values) {
        run("insert into s.t select timestamptz '1970-01-01 00:00:00Z' + t, n from (values " +
            values + ") v(t, n)");
    };
    add("(interval '1 hour', 1), (interval '1 hour 59 minutes 59.999999 seconds', 2)");
    add("(interval '3 hours 9 minutes 59.999999 seconds', 3)");
    EXPECT_THAT(hours(), ElementsAre());
    add("(interval '1 hour', 4), (interval '3 hours 10 minutes', 5)");
    EXPECT_THAT(hours(), ElementsAre("01:00 3 7"));
    add("(interval '1 hour 59 minutes 59.999999 seconds', 6), (interval '2 hours', 7), (null, 8)");
    EXPECT_THAT(hours(), ElementsAre("01:00 3 7"));
    EXPECT_THAT(rows("select n, _reason from late.m order by all"),
                ElementsAre("6 late", "8 no event time"));
    add("(interval '9 hours', 9)");
    EXPECT_THAT(hours(), ElementsAre("01:00 3 7", "02:00 1 7", "03:00 2 8"));
}

}  // namespace
}  // namespace tarn::flow
