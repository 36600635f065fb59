#include "tarn/sql/functions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "memory_tables.h"

namespace tarn::sql {
namespace {

Result<TextFunction> open_shout(const FunctionNeeds& needs) {
    return [end = needs.data](std::string_view text, std::string& out) {
        out.append(text).append(end);
    };
}

constexpr SqlFunction kLent[] = {
    {.name = "shout", .signature = "", .text = "", .use = FunctionUse::kAll, .lend = open_shout},
    {.name = "secret", .signature = "", .text = "", .use = FunctionUse::kFlows, .lend = open_shout},
};

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

Status lend(Fixture& to) {
    Random random(1);
    return lend_functions(*to.engine, kLent, {to.fs, random, "!", {}});
}

TEST(Functions, RowsStandByName) {
    EXPECT_TRUE(std::ranges::is_sorted(sql_functions(), {}, &SqlFunction::name));
    for (const auto& function : sql_functions()) {
        EXPECT_TRUE(function.signature.starts_with(function.name)) << function.name;
        EXPECT_FALSE(function.text.empty()) << function.name;
        EXPECT_EQ(function.lend, nullptr) << function.name;
    }
}

TEST(Functions, LentOnesAreCalled) {
    Fixture f;
    ASSERT_TRUE(lend(f));
    EXPECT_EQ(f.json("select shout('a') as a, secret('b') as b, shout(null) as n"),
              "{\"a\":\"a!\",\"b\":\"b!\",\"n\":null}\n");
}

// What an engine for untrusted SQL offers, allows and refuses follows from the rows.
TEST(Functions, UntrustedSqlCallsThoseForAll) {
    EngineOptions options;
    options.restricted = true;
    Fixture f(options);
    ASSERT_TRUE(lend(f));
    EXPECT_EQ(f.json("select shout('a') as a"), "{\"a\":\"a!\"}\n");
    EXPECT_EQ(f.json("select secret('a') as a"),
              "unsupported: not allowed here: the function secret(), which is for the SQL of "
              "flows");
    const auto offered = callable_functions(*f.engine);
    EXPECT_TRUE(std::ranges::is_sorted(offered));
    EXPECT_TRUE(contains(offered, "shout"));
    EXPECT_FALSE(contains(offered, "secret"));
    for (const auto& function : sql_functions()) {
        const bool all = function.use == FunctionUse::kAll;
        const bool table = function.kind == FunctionKind::kTable;
        const auto answer = f.json(std::string(table ? "from " : "select ") +
                                   std::string(function.name) + "('never', 'right', 'so')");
        EXPECT_EQ(answer.starts_with("unsupported: not allowed here"), !all) << answer;
        EXPECT_EQ(contains(offered, function.name), all) << function.name;
    }
    EXPECT_EQ(f.json("select tumble(timestamp '2026-01-01 00:00:07', interval 5 seconds) as t "
                     "from range(1), generate_series(1, 1), unnest([1])"),
              "{\"t\":\"2026-01-01T00:00:05.000000\"}\n");
}

}  // namespace
}  // namespace tarn::sql
