// Queries over several tables, which are read as they were at one instant, and names of columns
// with the schema of their table.

#include <algorithm>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/table_provider.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

// Two tables, of which a.first always gets a row before a.second does. While the binder looks for
// one of them, others write.
class OneInstant : public ::testing::Test, public sql::TableProvider {
  public:
    OneInstant() {
        for (const auto* name : {"a.first", "a.second"}) {
            TableSpec spec;
            spec.name = name;
            spec.columns = kEventColumns;
            EXPECT_TRUE(world_.lake->ensure_table(spec));
        }
        engine_ = std::move(*sql::Engine::open(sql::EngineOptions{}, disk_, this));
        session_ = std::move(*engine_->session());
    }
    Result<std::optional<sql::TableRef>> resolve(std::string_view schema,
                                                 std::string_view name) override {
        if (schema != "a" || (name != "first" && name != "second")) return std::nullopt;
        if (name == writes_at_ && writes_ > 0) {
            --writes_;
            if (drops_)
                EXPECT_TRUE(world_.lake->drop_table("a.first"));
            else
                write();
        }
        return sql::TableRef(sql::DeltaTableRef{"/lake/a/" + std::string(name)});
    }
    std::vector<std::string> names() override { return {"a.first", "a.second"}; }

  protected:
    void append(const std::string& table) {
        const auto id = epochs_[table]++;
        const auto made = world_.lake->append(append_of(table, events(id, 1), id, clock_.now()));
        EXPECT_TRUE(made) << made.error().message();
    }
    void write() {
        append("a.first");
        append("a.second");
    }
    std::vector<int64_t> row(const std::string& sql) {
        const auto rows = session_->query_columns(sql);
        EXPECT_TRUE(rows) << sql << ": " << rows.error().message();
        std::vector<int64_t> out;
        for (const auto& column : rows ? rows->columns : std::vector<codec::Column>())
            out.push_back(column.values<int64_t>()[0]);
        return out;
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    std::map<std::string, int64_t> epochs_;
    std::string writes_at_;
    int writes_ = 0;
    bool drops_ = false;  // in place of that
    std::unique_ptr<sql::Engine> engine_;
    std::unique_ptr<sql::Session> session_;
};

TEST_F(OneInstant, TablesThatMoveWhileTheyAreReadAreReadAnew) {
    write();
    for (const auto* order : {"second", "first"}) {
        for (const int writes : {1, 2}) {
            writes_at_ = order;
            writes_ = writes;
            const auto counts =
                row("select (select count(*) from a.first), (select count(*) from a.second), "
                    "(select count(*) from a.second), (select count(*) from a.first)");
            ASSERT_EQ(counts.size(), 4u);
            EXPECT_EQ(counts[0], counts[1]);
            EXPECT_EQ(counts[1], counts[2]);
            EXPECT_EQ(counts[2], counts[3]);
            EXPECT_EQ(counts[0], epochs_["a.first"]);
        }
    }
}

TEST_F(OneInstant, ANewQueryReadsWhatIsNewest) {
    for (int n = 1; n <= 3; ++n) {
        write();
        EXPECT_EQ(row("select count(*) from a.first"), std::vector<int64_t>{n});
        EXPECT_EQ(row("select count(f.id) from a.first f, a.second"), std::vector<int64_t>{n * n});
    }
    writes_at_ = "second";
    writes_ = 1;
    // An older version that is asked for stays what it is.
    EXPECT_EQ(row("select (select count(*) from a.first at (version => 1)), "
                  "(select count(*) from a.second)"),
              (std::vector<int64_t>{1, 4}));
}

// While a statement looks for its own table once more, another row comes, of a larger id. Whichever
// is first, one row has the largest.
TEST_F(OneInstant, AStatementReadsItsOwnTableInOneVersion) {
    write();
    write();
    DeleteRequest remove;
    remove.table = "a.first";
    remove.where = "id IN (SELECT max(id) FROM a.first)";
    remove.engine = engine_.get();
    writes_at_ = "first";
    writes_ = 1;
    const auto done = world_.lake->delete_rows(remove);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(writes_, 0);
    EXPECT_EQ(done->deleted, 1u);
    EXPECT_EQ(row("select count(*) from a.first"), std::vector<int64_t>{2});
}

TEST_F(OneInstant, AStatementWhoseTableIsDroppedLeavesNoFiles) {
    write();
    const auto files = [&](const std::string& folder) {
        size_t count = 0;
        const std::function<void(const std::string&)> look = [&](const std::string& in) {
            if (const auto list = disk_.list(in))
                for (const auto& one : *list) {
                    if (one.folder) look(in + "/" + one.name);
                    count += one.name.ends_with(".parquet");
                }
        };
        look(folder);
        return count;
    };
    const auto before = files("/lake");
    InsertRequest insert;
    insert.table = "a.first";
    insert.select = "SELECT * FROM a.second";
    insert.engine = engine_.get();
    writes_at_ = "second";
    writes_ = 1;
    drops_ = true;
    const auto done = world_.lake->insert(insert);
    ASSERT_FALSE(done);
    EXPECT_EQ(files("/lake"), before);
    ASSERT_TRUE(world_.lake->undrop_table({"a.first"}));
    EXPECT_EQ(row("select count(*) from a.first"), std::vector<int64_t>{1});
}

TEST_F(OneInstant, QueriesOfOneStatementReadTheSame) {
    write();
    sql::hold_tables(*session_);
    const std::vector<int64_t> one{1};
    EXPECT_EQ(row("select count(*) from a.second"), one);
    writes_at_ = "second";
    writes_ = 1;
    EXPECT_EQ(row("select count(*) from a.second"), one);
    EXPECT_EQ(writes_, 0);
    // A table that is new to it is of a later time, and stays so.
    EXPECT_EQ(row("select count(*) from a.first"), std::vector<int64_t>{2});
    write();
    EXPECT_EQ(row("select (select count(*) from a.first), (select count(*) from a.second)"),
              (std::vector<int64_t>{2, 1}));
}

TEST_F(OneInstant, ColumnsMayBeNamedWithTheSchemaOfTheirTable) {
    write();
    EXPECT_EQ(row("select a.first.id from a.first where a.first.id = 0"), std::vector<int64_t>{0});
    EXPECT_EQ(row("select count(\"a\".\"first\".id) from a.first"), std::vector<int64_t>{1});
    EXPECT_EQ(row("select count(*) from (select a.first.* from a.first "
                  "join a.second on a.first.id = a.second.id)"),
              std::vector<int64_t>{1});
    // A struct's field is no such name, nor is what stands in a text.
    EXPECT_EQ(row("select a.s.n from (select {'s': {'n': 5::bigint}} as a) t, a.first"),
              std::vector<int64_t>{5});
    EXPECT_EQ(row("select length('from a.first a.first.id') from a.first"),
              std::vector<int64_t>{23});
}

}  // namespace
}  // namespace tarn::lake
