// The list of system tables, and how rows become a table.

#include "tarn/host/system_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tarn::host {
namespace {

TEST(SystemTables, StandByNameAndSayWhatTheyHold) {
    auto tables = system_tables();
    EXPECT_TRUE(std::ranges::is_sorted(tables, {}, &SystemTable::name));
    for (const auto& table : tables) {
        EXPECT_EQ(find_system_table(tables, table.name), &table);
        EXPECT_TRUE(table.text.ends_with('.')) << table.name;
        std::set<std::string_view> names;
        for (const auto& column : table.columns) {
            EXPECT_TRUE(names.insert(column.name).second) << table.name << "." << column.name;
            EXPECT_TRUE(column.text.ends_with('.')) << table.name << "." << column.name;
        }
        EXPECT_FALSE(names.empty()) << table.name;
    }
    EXPECT_EQ(find_system_table(tables, "nothing"), nullptr);
}

TEST(SystemTables, RowsAreFilledInTheOrderOfTheColumns) {
    const SystemColumn columns[] = {{"name", codec::ColumnType::kText, ""},
                                    {"at", codec::ColumnType::kTimestamp, ""},
                                    {"n", codec::ColumnType::kInt32, ""}};
    SystemRows rows(columns);
    rows.text("a").time(Timestamp{7}).number(1);
    rows.text("b").time(std::nullopt).number(2);
    auto table = rows.finish();
    ASSERT_EQ(table.batches.size(), 1u);
    const auto& batch = *table.batches[0];
    ASSERT_EQ(batch.row_count, 2u);
    EXPECT_EQ(batch.columns[0].text(1), "b");
    EXPECT_EQ(batch.columns[1].values<int64_t>()[0], 7);
    EXPECT_TRUE(batch.columns[1].is_null(1));
    EXPECT_EQ(batch.columns[2].values<int32_t>()[1], 2);
}

TEST(SystemTables, OneWithoutRowsHasItsColumns) {
    auto table = SystemRows(find_system_table(system_tables(), "flows")->columns).finish();
    EXPECT_EQ(table.schema.size(), find_system_table(system_tables(), "flows")->columns.size());
    EXPECT_EQ(table.batches[0]->row_count, 0u);
}

}  // namespace
}  // namespace tarn::host
