#include "definition.h"

#include <gtest/gtest.h>

namespace tarn::flow {
namespace {

Definition rows(const std::string& sql, std::vector<DefinedColumn> output) {
    return {.strategy = "append", .sql = normalized_sql(sql), .output = std::move(output)};
}

TEST(Definition, FormattingAndCommentsAreNotInTheSql) {
    EXPECT_EQ(normalized_sql("SELECT  a,b -- all\n/* x /* y */ */FROM t;"),
              normalized_sql("select a , b\nfrom t"));
    EXPECT_NE(normalized_sql("select 'A'"), normalized_sql("select 'a'"));
    EXPECT_NE(normalized_sql("select 'a  b'"), normalized_sql("select 'a b'"));
    EXPECT_NE(normalized_sql("select '--x'"), normalized_sql("select '"));
    EXPECT_NE(normalized_sql("select ab"), normalized_sql("select a b"));
}

struct Case {
    const char *before, *now;
    std::vector<DefinedColumn> columns_before, columns_now;
    Effect effect;
};

TEST(Definition, WhatAChangeMeans) {
    const DefinedColumn a{"a", "INTEGER"}, wide{"a", "BIGINT"}, text{"a", "VARCHAR"};
    const DefinedColumn exact{"a", "DECIMAL(38,0)"}, few{"a", "DECIMAL(18,0)"},
        money{"a", "DECIMAL(38,2)"};
    const DefinedColumn b{"b", "VARCHAR"}, needed{"b", "VARCHAR", true};
    const Case cases[] = {
        {"select a from t", "select a from t", {a}, {a}, Effect::kNone},
        {"select a from t", "select a, b from t", {a}, {a, b}, Effect::kContinues},
        {"select a from t", "select f(a, 1) as b, a from t", {a}, {b, a}, Effect::kContinues},
        {"select a, b from t", "select a from t", {a, b}, {a}, Effect::kContinues},
        {"select a from t", "select a from t", {a}, {wide}, Effect::kContinues},
        {"select a from t", "select a from t", {wide}, {a}, Effect::kRebuild},
        {"select a from t", "select a from t", {wide}, {exact}, Effect::kContinues},
        {"select a from t", "select a from t", {a}, {exact}, Effect::kContinues},
        {"select a from t", "select a from t", {wide}, {few}, Effect::kRebuild},
        {"select a from t", "select a from t", {wide}, {money}, Effect::kRebuild},
        {"select a from t", "select a from t", {exact}, {wide}, Effect::kRebuild},
        {"select a from t", "select a from t", {few}, {exact}, Effect::kContinues},
        {"select a from t", "select a from t", {exact}, {few}, Effect::kRebuild},
        {"select a from t", "select a from t", {few}, {money}, Effect::kRebuild},
        {"select a from t", "select a from t", {a}, {text}, Effect::kRebuild},
        {"select b from t", "select b from t", {needed}, {b}, Effect::kContinues},
        {"select a from t", "select a from t where a > 1", {a}, {a}, Effect::kRebuild},
        {"select a from t", "select a + 1 as a from t", {a}, {a}, Effect::kRebuild},
        // One that is new does not hide one that is made otherwise.
        {"select a from t", "select a + 1 as a, b from t", {a}, {a, b}, Effect::kRebuild},
        {"select a from t",
         "select a, case when a < 0 then 'x' end as _rejected from t",
         {a},
         {a},
         Effect::kRebuild},
    };
    for (const auto& one : cases) {
        auto changes =
            compare(rows(one.before, one.columns_before), rows(one.now, one.columns_now));
        EXPECT_EQ(to_string(gravest(changes)), to_string(one.effect))
            << one.before << " -> " << one.now;
    }
}

TEST(Definition, WhatStandsOtherwiseCountsWhereItIsGraver) {
    const std::vector<Change> wider = {{Effect::kContinues, "wider"}};
    std::vector<Change> changes = {{Effect::kFree, "a comment"}};
    add_sink_changes(wider, "append", changes);
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].what, "wider") << "the gravest first";
    add_sink_changes(wider, "append", changes);
    EXPECT_EQ(changes.size(), 2u) << "what is known is not said again";
    add_sink_changes(wider, "sessions", changes);
    EXPECT_EQ(gravest(changes), Effect::kRebuild) << "what is open does not become wider";
}

TEST(Definition, GroupsNeedWhatWasNotKept) {
    Definition before{.strategy = "insert_overwrite",
                      .sql = "select page , count ( * ) as n from t group by page",
                      .output = {{"page", "VARCHAR"}, {"n", "BIGINT"}},
                      .settings = {{"every", "1s"}, {"partition_by", ""}}};
    auto now = before;
    now.output.push_back({"most", "BIGINT"});
    EXPECT_EQ(gravest(compare(before, now)), Effect::kRebuild);
    now = before;
    now.settings["every"] = "2s";
    EXPECT_EQ(gravest(compare(before, now)), Effect::kContinues);
    now.settings["partition_by"] = "page";
    EXPECT_EQ(gravest(compare(before, now)), Effect::kRebuild);
}

}  // namespace
}  // namespace tarn::flow
