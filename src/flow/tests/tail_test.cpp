// What a topic's table is in SQL with its tail, and where it has none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/codec/record_batch.h"
#include "world.h"

namespace tarn::flow {
namespace {

using testing::HasSubstr;
using testing::Not;

class Tail : public testing::Test {
  protected:
    Tail() {
        EXPECT_TRUE(world_.open());
        for (int i = 0; i < 5; ++i)
            EXPECT_TRUE(world_.produce());
        EXPECT_TRUE(world_.drain());
        committed_ = count("table_read('bronze.clicks', tail => false)");
        (void)world_.runtime().pause("clicks.table");
        for (int i = 0; i < 5; ++i)
            EXPECT_TRUE(world_.produce());
        for (int i = 0; i < 20; ++i)
            EXPECT_TRUE(world_.step());
    }
    int64_t count(const std::string& from) {
        auto sql = world_.tail_session();
        auto rows = (*sql)->query_columns("select count(*) from " + from);
        EXPECT_TRUE(rows) << rows.error().message();
        return rows ? rows->columns[0].values<int64_t>()[0] : -1;
    }
    std::string explained(const std::string& select) {
        auto sql = world_.tail_session();
        auto rows = (*sql)->query_columns(select);
        EXPECT_TRUE(rows) << rows.error().message();
        return rows ? std::string(rows->columns[1].text(0)) : "";
    }

    World world_{1};
    int64_t committed_ = 0;
};

TEST_F(Tail, IsReadBesideWhatIsCommitted) {
    ASSERT_GT(committed_, 20);
    const auto all = count("bronze.clicks");
    EXPECT_GT(all, committed_ + 20);
    EXPECT_EQ(count("bronze.clicks where _offset >= 0"), all) << "counted row by row";
    EXPECT_EQ(count("bronze.clicks where _batch_id is null"), all - committed_);
    EXPECT_EQ(count("table_read('bronze.clicks')"), all);
    EXPECT_EQ(count("table_read('bronze.clicks', tail => false)"), committed_);
    EXPECT_EQ(count("bronze.clicks at (version => 1)"), count("table_read('bronze.clicks', tail => "
                                                              "false) where _batch_id = 0"));
    EXPECT_EQ(count("(select 1 from bronze.clicks a join bronze.clicks b using (_partition, "
                    "_offset)) t"),
              all);
    EXPECT_THAT(explained("explain select page from bronze.clicks"), HasSubstr("what the log has"));
    EXPECT_THAT(explained("explain analyze select page from bronze.clicks"),
                HasSubstr("Records Read"));
    (void)world_.runtime().resume("clicks.table");
    ASSERT_TRUE(world_.drain());
    EXPECT_EQ(count("bronze.clicks"), all);
    EXPECT_EQ(count("table_read('bronze.clicks', tail => false)"), all);
    EXPECT_EQ(count("bronze.clicks where _batch_id is null"), 0);
}

TEST_F(Tail, BoundsOfOffsetsAndPartitions) {
    for (const auto* where : {"_offset > 3", "_offset >= 3 and _offset < 17", "_offset = 12",
                              "_offset between 5 and 40", "7 <= _offset", "_partition = 1",
                              "_partition = 1 and _offset < 9", "_partition = 9",
                              "_offset > 9223372036854775806", "_offset < 0"}) {
        // A subtraction hides the bound.
        std::string hidden = where;
        for (const std::string name : {"_offset", "_partition"})
            if (const auto at = hidden.find(name); at != hidden.npos)
                hidden.replace(at, name.size(), "(" + name + " - random() * 0)");
        EXPECT_EQ(count(std::string("bronze.clicks where ") + where),
                  count("bronze.clicks where " + hidden))
            << where;
    }
}

// Of two topics the first always gets a record before the second does.
TEST(TwoTails, EndAtOneMoment) {
    TestPlatform platform(1);
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    ASSERT_TRUE(disk.create_folders("p"));
    ASSERT_TRUE(disk.replace("p/tarn.yml", R"(
name: two
topics:
  first: {columns: {n: int}, table: {name: bronze.first, every: 1s}}
  second: {columns: {n: int}, table: {name: bronze.second, every: 1s}}
)"));
    platform.project() = project::load_project(disk, "p").value();
    ASSERT_TRUE(platform.open());
    const auto produce = [&] {
        for (const auto* name : {"first", "second"}) {
            codec::BatchBuilder builder;
            builder.add(platform.clock.now().ms(), "k", R"({"n": 1})");
            const auto outcome = platform.log().append_and_wait(
                {.partition = {platform.log().find_topic(name)->id, 0},
                 .batch = builder.finish().value(),
                 .writer = std::nullopt});
            ASSERT_EQ(outcome.code, log::AppendCode::kOk);
        }
    };
    produce();
    platform.while_bound = produce;
    auto sql = platform.tail_session();
    for (const auto* tables : {"first, second", "second, first"}) {
        const std::string both = tables;
        const auto comma = both.find(',');
        auto rows = (*sql)->query_columns(
            "select (select count(*) from bronze." + both.substr(0, comma) +
            "), (select count(*) from bronze." + both.substr(comma + 2) + ")");
        ASSERT_TRUE(rows) << rows.error().message();
        EXPECT_EQ(rows->columns[0].values<int64_t>()[0], rows->columns[1].values<int64_t>()[0])
            << tables;
    }
}

TEST_F(Tail, IsNoneWhereTheTopicIsAnother) {
    world_.close();
    ASSERT_TRUE(world_.open());
    EXPECT_GT(count("bronze.clicks"), committed_) << "also after a restart of a paused flow";
    world_.log().release_holds("clicks.table");
    world_.log().release_holds("live.pages");
    ASSERT_TRUE(world_.log().delete_topic("clicks"));
    EXPECT_EQ(count("bronze.clicks"), committed_);
    EXPECT_THAT(explained("explain select page from bronze.clicks"), HasSubstr("none: topic"));
}

}  // namespace
}  // namespace tarn::flow
