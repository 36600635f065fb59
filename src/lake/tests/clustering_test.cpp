// Tables that are clustered: what the log says of them, what OPTIMIZE writes anew and what it lets
// be, and what stands against it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/delta/clustering.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"
#include "tarn/lake/table_detail.h"
#include "tarn/sql/checkpoint_io.h"

namespace tarn::lake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::problem;
using testing::World;

class ClusteringTest : public ::testing::Test {
  protected:
    std::string refused(const std::string& text) {
        auto parsed = sql::parse_table_statement(*world_.engine, text, false);
        if (!parsed) return parsed.error().message();
        auto done = run_statement(*world_.lake, *world_.engine, **parsed);
        return done ? "" : done.error().message();
    }
    void run(const std::string& text) { ASSERT_EQ(refused(text), "") << text; }
    OptimizeOutcome optimize(bool full = false, int min_files = 2) {
        OptimizeRequest request;
        request.table = "a.t";
        request.full = full;
        request.min_files = min_files;
        request.target_bytes = 20'000;
        auto made = world_.lake->optimize(request);
        EXPECT_TRUE(made) << made.error().message();
        EXPECT_EQ(problem(world_.lake->verify("a.t")), "");
        return made ? *made : OptimizeOutcome();
    }
    // Rows in no order, of which many have both numbers in common with few.
    void insert(int from, int count) {
        run(fmt::format(
            "INSERT INTO a.t SELECT i, (hash(i) % 1000)::INTEGER, {{'n': (hash(i + 7) % "
            "1000)::BIGINT}} FROM range({}, {}) r(i)",
            from, from + count));
    }
    std::shared_ptr<const delta::Snapshot> table() {
        const auto checkpoints = sql::make_checkpoint_io(*world_.engine, disk_);
        delta::Table read(disk_, world_.lake->path_of("a.t"), checkpoints.get());
        auto found = read.refresh();
        EXPECT_TRUE(found) << found.error().message();
        return *found;
    }
    // Cubes of the files, by their ids; files without one under "".
    std::map<std::string, int> cubes() {
        std::map<std::string, int> out;
        table()->files.each([&](const auto& file) {
            const auto cube = delta::cube_of(*file);
            EXPECT_EQ(cube.has_value(), file->clustering_provider.has_value());
            ++out[cube ? cube->id : ""];
        });
        return out;
    }
    void make() {
        run("CREATE TABLE a.t (id BIGINT, a INTEGER, s STRUCT(n BIGINT)) CLUSTER BY (a, s.n)");
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_F(ClusteringTest, TheLogSaysByWhat) {
    make();
    const auto now = table();
    EXPECT_EQ(now->domains->at("delta.clustering").configuration,
              R"({"clusteringColumns":[["a"],["s","n"]],"domainName":"delta.clustering"})");
    EXPECT_THAT(*now->protocol.writer_features,
                ::testing::IsSupersetOf({"clustering", "domainMetadata"}));
    EXPECT_EQ(now->protocol.min_reader, 1) << "readers need not know";
    EXPECT_EQ(world_.number("SELECT count(*) FROM table_detail('" + world_.lake->path_of("a.t") +
                            "') WHERE \"clusteringColumns\" = ['a', 's.n']"),
              1);
    run("ALTER TABLE a.t RENAME COLUMN s.n TO number");
    run("ALTER TABLE a.t RENAME COLUMN a TO first");
    EXPECT_THAT(world_.lake->detail("a.t")->cluster_by, ElementsAre("first", "s.number"));
    EXPECT_THAT(refused("ALTER TABLE a.t DROP COLUMN s"), HasSubstr("clustered by s"));
    run("ALTER TABLE a.t ADD COLUMN d DATE");
    run("ALTER TABLE a.t CLUSTER BY (D, id)");
    EXPECT_THAT(world_.lake->detail("a.t")->cluster_by, ElementsAre("d", "id"));
    const auto newest = table();
    const auto place = newest->schema->find("d")->physical;
    EXPECT_EQ(newest->domains->at("delta.clustering").configuration,
              fmt::format(R"({{"clusteringColumns":[["{}"],["id"]],"domainName":)"
                          R"("delta.clustering"}})",
                          place));
    run("ALTER TABLE a.t DROP COLUMN s");
    run("ALTER TABLE a.t CLUSTER BY NONE");
    EXPECT_TRUE(world_.lake->detail("a.t")->cluster_by.empty());
    RestoreRequest back;
    back.table = "a.t";
    back.to.version = 0;
    ASSERT_TRUE(world_.lake->restore(back));
    EXPECT_THAT(world_.lake->detail("a.t")->cluster_by, ElementsAre("a", "s.n"));
    run("CREATE OR REPLACE TABLE a.t (id BIGINT)");
    EXPECT_TRUE(world_.lake->detail("a.t")->cluster_by.empty());
    run("CREATE OR REPLACE TABLE a.t CLUSTER BY (id) AS SELECT 1::BIGINT AS id");
    EXPECT_THAT(world_.lake->detail("a.t")->cluster_by, ElementsAre("id"));
}

TEST_F(ClusteringTest, WhatIsNotOrderedByIsRefused) {
    make();
    auto alter = [&](const std::string& by) { return refused("ALTER TABLE a.t CLUSTER BY " + by); };
    EXPECT_THAT(alter("(s)"), HasSubstr("not clustered by s"));
    EXPECT_THAT(alter("(nope)"), HasSubstr("no column to cluster by: nope"));
    EXPECT_THAT(alter("(a, A)"), HasSubstr("twice by a"));
    EXPECT_THAT(alter("(a, id, s.n, a, id)"), HasSubstr("at most 4"));
    EXPECT_THAT(alter("a"), HasSubstr("in brackets"));
    EXPECT_THAT(alter("()"), HasSubstr("in brackets"));
    run("ALTER TABLE a.t SET ('delta.dataSkippingStatsColumns'='id')");
    EXPECT_THAT(alter("(a)"), HasSubstr("no statistics of a"));
    EXPECT_EQ(alter("(id)"), "");
    run("ALTER TABLE a.t RENAME COLUMN id TO number");
    EXPECT_EQ(*table()->property("delta.dataSkippingStatsColumns"), "number");
    run("ALTER TABLE a.t RENAME COLUMN number TO id");
    run("CREATE TABLE a.p (id BIGINT, p INTEGER) PARTITIONED BY (p)");
    EXPECT_THAT(refused("ALTER TABLE a.p CLUSTER BY (id)"), HasSubstr("partitions"));
    EXPECT_THAT(refused("CREATE TABLE a.q (id BIGINT, p INTEGER) PARTITIONED BY (p) CLUSTER BY "
                        "(id)"),
                HasSubstr("partitions"));
    OptimizeRequest request;
    request.table = "a.t";
    request.order_by = {"a"};
    EXPECT_THAT(world_.lake->optimize(request).error().message(), HasSubstr("ZORDER"));
    request.table = "a.p";
    request.order_by = {};
    request.full = true;
    EXPECT_THAT(world_.lake->optimize(request).error().message(), HasSubstr("not clustered"));
}

TEST_F(ClusteringTest, OnlyWhatIsNewIsPutInOrder) {
    make();
    insert(0, 30'000);
    auto made = optimize();
    EXPECT_EQ(made.files_removed, 1u);
    EXPECT_GT(made.files_added, 4u);
    auto before = cubes();
    ASSERT_EQ(before.size(), 1u);
    EXPECT_EQ(optimize().files_removed, 0u) << "all of it is in order";
    // Few rows beside many: the large cube stays.
    insert(30'000, 500);
    insert(30'500, 500);
    EXPECT_EQ(optimize(false, 4).files_removed, 0u) << "who looks by himself waits for more";
    EXPECT_EQ(optimize().files_removed, 2u);
    auto after = cubes();
    EXPECT_EQ(after.size(), 2u);
    EXPECT_EQ(after.at(before.begin()->first), before.begin()->second);
    // As much again: the small cube joins it.
    insert(31'000, 1'000);
    EXPECT_EQ(optimize().files_removed, 2u);
    EXPECT_EQ(cubes().size(), 2u);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("a.t")), 32'000);
    // Other columns: what is in order by the old ones stays until somebody asks for all.
    run("ALTER TABLE a.t CLUSTER BY (id)");
    insert(32'000, 100);
    EXPECT_EQ(optimize().files_removed, 1u);
    EXPECT_EQ(cubes().size(), 3u);
    optimize(true);
    EXPECT_EQ(cubes().size(), 1u);
    EXPECT_EQ(world_.number("SELECT count(DISTINCT id) FROM " + world_.scan("a.t")), 32'100);
    // What an UPDATE writes anew is in no cube.
    run("UPDATE a.t SET a = 5 WHERE id = 7");
    EXPECT_EQ(cubes()[""], 2) << "the row, and those that stood beside it";
    optimize();
    EXPECT_FALSE(cubes().contains(""));
}

TEST_F(ClusteringTest, FewFilesAreReadForOneOfTheColumns) {
    make();
    insert(0, 240'000);
    optimize();
    for (const char* column : {"a", "s.n"}) {
        auto session = std::move(*world_.engine->session());
        size_t all = 0, read = 0;
        table()->files.each([&](const auto& file) {
            ++all;
            const auto inside = fmt::format(
                "SELECT count(*) FROM (SELECT '{0}'::JSON AS s) WHERE (s->>'$.minValues.{1}')::INT "
                "<= 310 AND (s->>'$.maxValues.{1}')::INT >= 310",
                file->stats, column);
            read += size_t(world_.number(inside));
        });
        EXPECT_GE(all, 40u);
        EXPECT_LE(read * 2, all) << column;
    }
}

}  // namespace
}  // namespace tarn::lake
