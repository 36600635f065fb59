#include "tarn/base/names.h"

#include <regex>

#include <gtest/gtest.h>

namespace tarn {
namespace {

TEST(Names, OneRuleInCodeAndAsAPattern) {
    const std::string longest(kMostNamePart, 'x');
    const std::pair<std::string, bool> cases[] = {
        {"bronze.clicks", true},
        {"Bronze.Clicks_2", true},
        {"b.my-clicks", true},
        {"b.c--d__e", true},
        {longest + "." + longest, true},
        {longest + "x.t", false},
        {"b." + longest + "x", false},
        {"", false},
        {"clicks", false},
        {".clicks", false},
        {"bronze.", false},
        {"bronze.clicks.old", false},
        {"_stg.clicks", false},
        {"bronze._clicks", false},
        {"__tarn.clicks", false},
        {"1.clicks", false},
        {"bronze.1clicks", false},
        {"bronze.-clicks", false},
        {"bronze.my clicks", false},
        {"bronze./clicks", false},
        {"..clicks", false},
        {"bronze.clück", false},
        {std::string("b.c\0d", 5), false},
    };
    const std::regex pattern{std::string(kTableNamePattern)};
    for (const auto& [name, good] : cases) {
        EXPECT_EQ(is_table_name(name), good) << name;
        EXPECT_EQ(std::regex_match(name, pattern), good) << name;
    }
}

TEST(Names, CaseAloneDoesNotTellThemApart) {
    EXPECT_TRUE(same_but_case("Bronze.Clicks", "bronze.clicks"));
    EXPECT_TRUE(same_but_case("a_1", "A_1"));
    EXPECT_FALSE(same_but_case("bronze.clicks", "bronze.click"));
    EXPECT_FALSE(same_but_case("a-b", "a_b"));
    EXPECT_FALSE(same_but_case("a@", "a`"));  // 32 apart, as letters are
}

}  // namespace
}  // namespace tarn
