// What versions changed, read file by file: as table_changes() says it, whatever the table's
// properties are, also where columns are others now.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"
#include "tarn/lake/table_changes.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ChangesTest : public ::testing::Test {
  protected:
    ChangesTest() : disk_(1, clock_), world_(disk_, clock_) {}
    void run(const std::string& sql) {
        auto statement = sql::parse_table_statement(*world_.engine, sql, false);
        ASSERT_TRUE(statement && *statement) << sql;
        auto done = run_statement(*world_.lake, *world_.engine, **statement);
        ASSERT_TRUE(done) << sql << ": " << done.error().message();
    }
    // "+ 1 a" of rows that came, "- 1 a" of rows that went.
    std::vector<std::string> read(const TableChanges& changes,
                                  const std::vector<std::string>& columns) {
        auto session = world_.engine->session().value();
        std::vector<std::string> out;
        for (size_t file = 0; file < changes.files.size(); ++file) {
            auto read = world_.lake->read_changes(*session, "s.t", changes, file, columns, 1000);
            EXPECT_TRUE(read) << read.error().message();
            if (!read) return out;
            for (size_t b = 0; b < read->rows.size(); ++b)
                for (uint32_t row = 0; row < read->rows[b]->row_count; ++row)
                    out.push_back((b < read->went ? "-" : "+") + text(*read->rows[b], row));
        }
        return out;
    }
    std::vector<std::string> changes(int64_t version,
                                     const std::vector<std::string>& columns = {"id", "name"}) {
        auto changes = world_.lake->changes("s.t", version);
        EXPECT_TRUE(changes) << changes.error().message();
        return changes ? read(*changes, columns) : std::vector<std::string>();
    }
    static std::string text(const codec::ColumnBatch& rows, uint32_t row) {
        std::string out;
        for (size_t i = 0; i + 2 < rows.columns.size(); ++i) {
            const auto& column = rows.columns[i];
            out += ' ';
            if (column.is_null(row))
                out += "NULL";
            else if (column.type == ColumnType::kInt32)
                out += std::to_string(column.values<int32_t>()[row]);
            else if (column.type == ColumnType::kInt64)
                out += std::to_string(column.values<int64_t>()[row]);
            else
                out += column.text(row);
        }
        return out;
    }

    ManualClock clock_;
    io::SimulatedDisk disk_;
    World world_;
};

TEST_F(ChangesTest, OfEachKindOfTable) {
    for (const bool vectors : {false, true})
        for (const bool feed : {false, true}) {
            SCOPED_TRACE(fmt::format("vectors {} feed {}", vectors, feed));
            run(
                fmt::format("create or replace table s.t (id integer, name varchar) with "
                            "('delta.enableDeletionVectors'='{}', "
                            "'delta.enableChangeDataFeed'='{}')",
                            vectors, feed));
            const auto v = world_.lake->version("s.t").value();
            run("insert into s.t values (1, 'a'), (2, 'b'), (3, 'c')");
            run("update s.t set name = 'B' where id = 2");
            run("delete from s.t where id = 1");
            OptimizeRequest optimize;
            optimize.table = "s.t";
            ASSERT_TRUE(world_.lake->optimize(optimize));
            EXPECT_THAT(changes(v + 1),
                        ElementsAre("+ 1 a insert", "+ 2 b insert", "+ 3 c insert"));
            if (feed)
                EXPECT_THAT(changes(v + 2),
                            ElementsAre("- 2 b update_preimage", "+ 2 B update_postimage"));
            else if (vectors)
                EXPECT_THAT(changes(v + 2), ElementsAre("- 2 b delete", "+ 2 B insert"));
            else
                EXPECT_THAT(changes(v + 2),
                            UnorderedElementsAre("- 1 a delete", "- 2 b delete", "- 3 c delete",
                                                 "+ 1 a insert", "+ 2 B insert", "+ 3 c insert"));
            if (feed || vectors) {
                EXPECT_THAT(changes(v + 3), ElementsAre("- 1 a delete"));
            }
            for (auto newest = world_.lake->version("s.t").value(); newest > v + 3; --newest)
                EXPECT_THAT(changes(newest), ElementsAre());
            auto whole = world_.lake->whole("s.t", v + 2).value();
            EXPECT_THAT(read(whole, {"id"}),
                        UnorderedElementsAre("+ 1 insert", "+ 2 insert", "+ 3 insert"));
            // Again as it was: all of it is a change.
            ASSERT_TRUE(
                world_.lake->restore({.table = "s.t", .to = {.version = v + 1, .time = {}}}));
            int rows = 0;
            for (const auto& row : changes(world_.lake->version("s.t").value(), {"id"}))
                rows += row[0] == '+' ? 1 : -1;
            EXPECT_EQ(rows, 1);  // three stand, of which two did
        }
}

TEST_F(ChangesTest, OldRowsHaveTheColumnsOfNow) {
    run("create table s.t (id integer, name varchar, note varchar)");
    run("insert into s.t values (1, 'a', 'n')");
    run("alter table s.t rename column name to title");
    run("alter table s.t drop column note");
    run("alter table s.t add column pieces bigint");
    run("insert into s.t values (2, 'b', 5)");
    run("delete from s.t where id = 1");
    const std::vector<std::string> columns = {"id", "title", "pieces"};
    EXPECT_THAT(changes(1, columns), ElementsAre("+ 1 a NULL insert"));
    EXPECT_THAT(changes(5, columns), ElementsAre("+ 2 b 5 insert"));
    EXPECT_THAT(changes(6, columns), ElementsAre("- 1 a NULL delete"));
    // Made anew, partitioned, with a column of the name in another type.
    run("create or replace table s.t (title varchar, id bigint) partitioned by (id)");
    run("insert into s.t values ('c', 3)");
    const auto replaced = world_.lake->version("s.t").value() - 1;
    EXPECT_THAT(changes(replaced, {"id", "title"}), ElementsAre("- 2 b delete"));
    EXPECT_THAT(changes(replaced + 1, {"id", "title"}), ElementsAre("+ 3 c insert"));
    // A column that was called otherwise in the table before that is another one.
    EXPECT_THAT(changes(1, {"id", "title"}), ElementsAre("+ 1 NULL insert"));
    auto gone = world_.lake->changes("s.t", 1).value();
    auto session = world_.engine->session().value();
    const std::vector<std::string> none = {"pieces"};
    auto read = world_.lake->read_changes(*session, "s.t", gone, 0, none, 10);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message(), ::testing::HasSubstr("no column pieces any more"));
}

// Several change data files: all that rows were stands before all that they became.
TEST_F(ChangesTest, KeysThatMoveBetweenFiles) {
    run("create table s.t (id integer, name varchar) partitioned by (name) with "
        "('delta.enableChangeDataFeed'='true')");
    run("insert into s.t values (1, 'a'), (2, 'b')");
    run("update s.t set id = 3 - id");
    const auto rows = changes(2);
    ASSERT_EQ(rows.size(), 4u);
    for (size_t i = 0; i < 4; ++i)
        EXPECT_EQ(rows[i][0], i < 2 ? '-' : '+') << rows[i];
    EXPECT_EQ(world_.lake->changes("s.t", 2)->files.size(), 4u);
}

// What a flow has not read yet is kept from VACUUM and from cleaning the log.
TEST_F(ChangesTest, WhatIsHeldStays) {
    run("create table s.t (id integer, name varchar) with ('delta.checkpointInterval'='2', "
        "'delta.logRetentionDuration'='interval 1 seconds')");
    run("insert into s.t values (1, 'a'), (2, 'b')");
    world_.lake->set_hold("flow", "s.t", 1);
    run("delete from s.t where id = 1");
    run("delete from s.t where true");
    for (int i = 0; i < 6; ++i) {
        clock_.advance(Duration::seconds(2 * 3600));
        run("insert into s.t values (3, 'c')");
    }
    ASSERT_TRUE(world_.lake->vacuum({.table = "s.t", .retain = Duration{}, .force = true}));
    EXPECT_THAT(changes(2), UnorderedElementsAre("- 1 a delete", "- 2 b delete", "+ 2 b insert"));
    EXPECT_THAT(changes(3), ElementsAre("- 2 b delete"));
    world_.lake->release_holds("flow");
    auto vacuumed = world_.lake->vacuum({.table = "s.t", .retain = Duration{}, .force = true});
    ASSERT_TRUE(vacuumed);
    EXPECT_EQ(vacuumed->files, 2u);
}

}  // namespace
}  // namespace tarn::lake
