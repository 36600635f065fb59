// Tables whose columns change, and tables that take the place of another.

#include <set>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/table_statement.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

std::shared_ptr<const codec::ColumnBatch> numbers(ColumnType type, std::vector<int64_t> values) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = {{"n", type, true}};
    batch->row_count = values.size();
    codec::ColumnBuilder n(type);
    for (auto value : values)
        n.add_int(value);
    batch->columns.push_back(n.finish(*batch));
    return batch;
}

class EvolveTest : public ::testing::Test {
  protected:
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    Lake& lake() { return *world_.lake; }
    void append(const std::string& table, std::shared_ptr<const codec::ColumnBatch> rows,
                int64_t epoch) {
        auto made = lake().append(append_of(table, std::move(rows), epoch, clock_.now()));
        ASSERT_TRUE(made) << made.error().message();
    }
    int64_t sum(const std::string& table) {
        return world_.number("SELECT sum(n)::BIGINT FROM " + world_.scan(table));
    }
};

TEST_F(EvolveTest, ColumnsAreAddedWidenedAndMayBeNull) {
    TableSpec spec{"a.t", {{"n", ColumnType::kInt32, true}}, {}, {}, ""};
    ASSERT_TRUE(lake().ensure_table(spec));
    append("a.t", numbers(ColumnType::kInt32, {1, -2}), 0);
    auto before = lake().version("a.t").value();
    spec.columns = {{"note", ColumnType::kText, true}, {"n", ColumnType::kInt64, false}};
    ASSERT_TRUE(lake().ensure_table(spec));
    EXPECT_TRUE(lake().ensure_table(spec)) << "again it does nothing";
    EXPECT_EQ(lake().version("a.t").value(), before + 1) << "one commit";
    auto info = lake().describe("a.t").value();
    EXPECT_EQ(info.columns, (std::vector<codec::ColumnSpec>{{"n", ColumnType::kInt64, false},
                                                            {"note", ColumnType::kText, false}}));
    auto added = lake().added("a.t", before + 1);
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_TRUE(added->files.empty()) << "who reads it as it grows has no row twice";
    append("a.t", numbers(ColumnType::kInt64, {5'000'000'000}), 1);
    EXPECT_EQ(sum("a.t"), 4'999'999'999);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t") + " WHERE note IS NULL"),
              3);
    EXPECT_EQ(problem(lake().verify("a.t")), "");
    // Put back, the table is wider than it must be; only the narrower type is refused.
    spec.columns = {{"n", ColumnType::kInt64, true}};
    EXPECT_TRUE(lake().ensure_table(spec));
    spec.columns = {{"n", ColumnType::kInt32, true}};
    EXPECT_EQ(lake().ensure_table(spec).error().code(), ErrorCode::kAlreadyExists);
    spec.columns = {{"n", ColumnType::kInt64, true}, {"NOTE", ColumnType::kText, false}};
    EXPECT_EQ(lake().ensure_table(spec).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(EvolveTest, IntegersBecomeDecimalsThatHoldThem) {
    const auto decimal = ColumnType::decimal(38, 0);
    for (const auto& from : {ColumnType(ColumnType::kInt32), ColumnType(ColumnType::kInt64)}) {
        const auto name = std::string("a.t_") + (from == ColumnType::kInt32 ? "32" : "64");
        const int64_t least = from == ColumnType::kInt32 ? INT32_MIN : INT64_MIN;
        TableSpec spec{name, {{"n", from, false}}, {}, {}, ""};
        EXPECT_FALSE(lake().schema_change(spec).value()) << "there is none";
        ASSERT_TRUE(lake().ensure_table(spec));
        append(name, numbers(from, {1, -2, least}), 0);
        spec.columns = {{"n", ColumnType::decimal(from == ColumnType::kInt32 ? 9 : 18, 0), false}};
        EXPECT_NE(lake().schema_change(spec).value()->refused, "") << "too few digits";
        EXPECT_EQ(lake().ensure_table(spec).error().code(), ErrorCode::kAlreadyExists);
        spec.columns = {{"n", ColumnType::decimal(38, 2), false}};
        EXPECT_NE(lake().schema_change(spec).value()->refused, "") << "written otherwise";
        spec.columns = {{"n", decimal, false}};
        const auto before = lake().version(name).value();
        auto change = lake().schema_change(spec).value();
        ASSERT_TRUE(change);
        EXPECT_EQ(change->refused, "");
        EXPECT_EQ(change->widened, std::vector<std::string>{"n"});
        EXPECT_EQ(lake().version(name).value(), before) << "nothing is done yet";
        ASSERT_TRUE(lake().ensure_table(spec));
        EXPECT_EQ(lake().version(name).value(), before + 1) << "one commit";
        EXPECT_TRUE(lake().added(name, before + 1)->files.empty()) << "no row twice";
        EXPECT_EQ(lake().describe(name)->columns[0].type, decimal);
        EXPECT_EQ(problem(lake().verify(name)), "");
        auto exact = fmt::format("SELECT count(*) FROM {} WHERE n::HUGEINT IN (1, -2, {}::HUGEINT)",
                                 world_.scan(name), least);
        EXPECT_EQ(world_.number(exact), 3);
    }
}

TEST_F(EvolveTest, DecimalsGetMoreDigitsBeforeThePoint) {
    const auto of = [](int digits, int scale) {
        return TableSpec{"a.t", {{"n", ColumnType::decimal(digits, scale), false}}, {}, {}, ""};
    };
    ASSERT_TRUE(lake().ensure_table(of(19, 2)));
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = of(19, 2).columns;
    codec::ColumnBuilder n(batch->schema[0].type);
    n.add_decimal(codec::power_of_ten(19) - 1), n.add_decimal(-150), n.add_null();
    batch->row_count = 3;
    batch->columns.push_back(n.finish(*batch));
    append("a.t", batch, 0);
    EXPECT_EQ(lake().ensure_table(of(20, 3)).error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(lake().ensure_table(of(18, 2)).error().code(), ErrorCode::kAlreadyExists);
    const auto before = lake().version("a.t").value();
    for (int digits : {20, 38}) {
        EXPECT_EQ(lake().schema_change(of(digits, 2)).value()->widened,
                  std::vector<std::string>{"n"});
        ASSERT_TRUE(lake().ensure_table(of(digits, 2)));
    }
    EXPECT_EQ(lake().version("a.t").value(), before + 2) << "a commit each";
    EXPECT_EQ(lake().describe("a.t")->columns[0].type, ColumnType::decimal(38, 2));
    EXPECT_EQ(problem(lake().verify("a.t")), "");
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t") +
                            " WHERE n IN (99999999999999999.99, -1.5)"),
              2);
}

// Columns that came after column mapping, and those of a table that takes the place, have ids and
// physical names: readers find them, and writers go on.
TEST_F(EvolveTest, ATableWhoseColumnsAreMapped) {
    const std::string table = "a.t", fresh = "a.t__rebuild";
    ASSERT_TRUE(lake().ensure_table({table, {{"n", ColumnType::kInt64, false}}, {}, {}, ""}));
    append(table, numbers(ColumnType::kInt64, {1, 2}), 0);
    for (auto text : {"alter table a.t add column z integer", "alter table a.t drop column z"}) {
        auto parsed = sql::parse_table_statement(*world_.engine, text, false);
        ASSERT_TRUE(parsed && *parsed);
        auto done = run_statement(lake(), *world_.engine, **parsed);
        ASSERT_TRUE(done) << done.error().message();
    }
    const auto mapped = [&](size_t columns) {
        const auto path = lake().path_of(table);
        auto there = delta::Table(disk_, path, nullptr).refresh();
        ASSERT_TRUE(there) << there.error().message();
        ASSERT_EQ((*there)->mapping(), delta::ColumnMapping::kName);
        ASSERT_EQ((*there)->schema->fields.size(), columns);
        std::set<int32_t> ids;
        for (const auto& field : (*there)->schema->fields) {
            EXPECT_FALSE(field.physical.empty()) << field.name;
            EXPECT_TRUE(field.id && ids.insert(*field.id).second) << field.name;
        }
        const auto last = (*there)->property("delta.columnMapping.maxColumnId");
        ASSERT_TRUE(last);
        EXPECT_GE(std::stoi(*last), *ids.rbegin());
    };
    const std::vector<codec::ColumnSpec> two = {{"n", ColumnType::kInt64, false},
                                                {"m", ColumnType::kInt32, false}};
    ASSERT_TRUE(lake().ensure_table({table, two, {}, {}, ""}));
    mapped(2);
    EXPECT_EQ(sum(table), 3);
    ASSERT_TRUE(lake().ensure_table({fresh, {{"n", ColumnType::kInt64, false}}, {}, {}, ""}));
    append(fresh, numbers(ColumnType::kInt64, {10, 20}), 1);
    ASSERT_TRUE(lake().replace_table(table, fresh));
    mapped(1);
    EXPECT_EQ(sum(table), 30);
    append(table, numbers(ColumnType::kInt64, {5}), 7);
    EXPECT_EQ(sum(table), 35);
    EXPECT_EQ(problem(lake().verify(table)), "");
}

TEST_F(EvolveTest, AnotherTableTakesItsPlaceInOneCommitWhereverItStops) {
    for (const char* point : {"lake.replace.moved", "lake.before_replace", "lake.after_replace"}) {
        SCOPED_TRACE(point);
        const std::string table = "a.old", fresh = "a.old__rebuild";
        ASSERT_TRUE(lake().ensure_table({table, {{"n", ColumnType::kInt64, true}}, {}, {}, ""}));
        append(table, numbers(ColumnType::kInt64, {1, 2}), 0);
        ASSERT_TRUE(lake().ensure_table({fresh, {{"n", ColumnType::kInt64, false}}, {}, {}, ""}));
        append(fresh, numbers(ColumnType::kInt64, {10}), 0);
        append(fresh, numbers(ColumnType::kInt64, {20}), 1);
        auto before = lake().describe(table).value();
        world_.failpoints.arm(point, 1,
                              [] -> Status { return fail(ErrorCode::kCancelled, "stopped here"); });
        EXPECT_FALSE(lake().replace_table(table, fresh));
        world_.failpoints.disarm();
        EXPECT_TRUE(sum(table) == 3 || sum(table) == 30) << "old or new";
        ASSERT_TRUE(lake().replace_table(table, fresh));
        EXPECT_EQ(sum(table), 30);
        EXPECT_EQ(problem(lake().verify(table)), "");
        auto after = lake().describe(table).value();
        EXPECT_EQ(after.id, before.id);
        EXPECT_EQ(after.version, before.version + 1);
        EXPECT_EQ(lake().replaced_at(table).value(), after.version);
        auto added = lake().added(table, after.version).value();
        EXPECT_TRUE(added.replaced);
        EXPECT_EQ(added.files.size(), 2u);
        EXPECT_FALSE(lake().describe(fresh)) << "it is gone";
        EXPECT_TRUE(lake().replace_table(table, fresh)) << "and that is no error";
        ASSERT_TRUE(lake().drop_table(table));
    }
}

}  // namespace
}  // namespace tarn::lake
