// What a page about a table is told: rows of each version whatever the commits did, columns with
// all that is in them, and how the rows lie in files.

#include "tarn/lake/table_detail.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using testing::append_of;
using ::testing::ElementsAre;
using testing::events;
using ::testing::Field;
using testing::kEventColumns;
using ::testing::Optional;
using testing::problem;
using testing::World;

class TableDetailTest : public ::testing::Test {
  protected:
    static constexpr const char* kTable = "bronze.events";

    void make(bool vectors, std::vector<std::string> partition_by = {}) {
        TableSpec spec;
        spec.name = kTable;
        spec.columns = kEventColumns;
        spec.partition_by = std::move(partition_by);
        if (vectors) spec.properties["delta.enableDeletionVectors"] = "true";
        ASSERT_EQ(problem(lake().ensure_table(spec)), "");
    }
    void append(int rows) {
        clock_.advance(Duration::seconds(60));
        auto made = lake().append(append_of(kTable, events(next_, rows), next_, clock_.now()));
        ASSERT_TRUE(made) << made.error().message();
        next_ += rows;
    }
    void run(const std::string& text) {
        clock_.advance(Duration::seconds(60));
        auto parsed = sql::parse_table_statement(*world_.engine, text, false);
        ASSERT_TRUE(parsed && *parsed) << text;
        auto made = run_statement(lake(), *world_.engine, **parsed);
        ASSERT_TRUE(made) << text << ": " << made.error().message();
    }
    void optimize() {
        OptimizeRequest request;
        request.table = kTable;
        auto made = lake().optimize(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    void restore(int64_t version) {
        RestoreRequest request;
        request.table = kTable;
        request.to.version = version;
        auto made = lake().restore(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    Lake& lake() { return *world_.lake; }
    // Each version's rows as history() has them are those that reading it gives.
    void rows_are_right(int64_t limit) {
        auto history = lake().history(kTable, limit);
        ASSERT_TRUE(history) << history.error().message();
        ASSERT_EQ(int64_t(history->size()), std::min(limit, lake().describe(kTable)->version + 1));
        for (const auto& commit : *history)
            EXPECT_EQ(commit.rows, world_.number(fmt::format(
                                       "SELECT count(*) FROM delta_scan('{}', version => {})",
                                       lake().path_of(kTable), commit.version)))
                << "version " << commit.version << ", " << commit.operation << ", of " << limit;
    }
    HistoryEntry newest() { return lake().history(kTable, 1)->at(0); }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    int next_ = 0;
};

TEST_F(TableDetailTest, HistoryHasTheRowsOfEachVersion) {
    for (const bool vectors : {false, true}) {
        SCOPED_TRACE(vectors);
        if (vectors) {
            ASSERT_EQ(problem(lake().drop_table(kTable)), "");
        }
        next_ = 0;
        make(vectors);
        append(100);
        append(50);
        run("DELETE FROM bronze.events WHERE id % 10 = 3");
        EXPECT_EQ(newest().rows, 135);
        run("UPDATE bronze.events SET page = 'new' WHERE id < 20");
        EXPECT_EQ(newest().rows, 135);
        optimize();
        EXPECT_EQ(newest().rows, 135);
        append(7);
        run("MERGE INTO bronze.events t USING (SELECT 1000 AS id) s ON t.id = s.id WHEN NOT "
            "MATCHED THEN INSERT (id) VALUES (s.id)");
        EXPECT_EQ(newest().rows, 143);
        run("DELETE FROM bronze.events");
        EXPECT_EQ(newest().rows, 0);
        restore(2);
        EXPECT_EQ(newest().rows, 150);
        // Files that went are known from these commits, or from the oldest version asked for.
        for (int64_t limit = 1; limit <= 11; ++limit)
            rows_are_right(limit);
    }
}

TEST_F(TableDetailTest, HistoryTellsFilesFromTheirVectors) {
    make(true);
    append(100);
    append(10);
    run("DELETE FROM bronze.events WHERE id = 5");
    auto commit = newest();
    EXPECT_EQ(commit.vectors, 1u);
    EXPECT_EQ(commit.files_added, 0u);
    EXPECT_EQ(commit.files_removed, 0u);
    EXPECT_EQ(commit.bytes_removed, 0u);
    EXPECT_EQ(commit.isolation, "WriteSerializable");
    EXPECT_THAT(commit.read_version, Optional(2));
    run("UPDATE bronze.events SET page = 'x' WHERE id = 7");
    commit = newest();
    EXPECT_EQ(commit.vectors, 1u);
    EXPECT_EQ(commit.files_added, 1u);
    EXPECT_EQ(commit.rows_written, 1);
    optimize();
    commit = newest();
    EXPECT_EQ(commit.files_removed, 3u);
    EXPECT_EQ(commit.files_added, 1u);
    EXPECT_EQ(commit.rows_written, 109);
    EXPECT_GT(commit.bytes_removed, commit.bytes_added);
}

TEST_F(TableDetailTest, RowsAreUnknownWhereTheLogHasGone) {
    make(false);
    append(20);
    run("DELETE FROM bronze.events WHERE id < 5");
    ASSERT_EQ(problem(disk_.remove(lake().path_of(kTable) + "/_delta_log/" +
                                   fmt::format("{:020}.json", 0))),
              "");
    auto history = lake().history(kTable, 10);
    ASSERT_TRUE(history) << history.error().message();
    ASSERT_EQ(history->size(), 2u);
    EXPECT_EQ(history->at(0).rows, 15);
    // Version 1 added the file that went, so that its rows are known without version 0.
    EXPECT_EQ(history->at(1).rows, 20);
    run("DELETE FROM bronze.events WHERE id < 6");
    history = lake().history(kTable, 2);
    ASSERT_TRUE(history) << history.error().message();
    EXPECT_EQ(history->at(0).rows, 14);
    EXPECT_EQ(history->at(1).rows, 15);
}

TEST_F(TableDetailTest, LayoutSumsFilesByPartitionAndSize) {
    make(true, {"region"});
    append(110);
    append(110);
    run("DELETE FROM bronze.events WHERE id IN (1, 2)");
    auto layout = lake().layout(kTable);
    ASSERT_TRUE(layout) << layout.error().message();
    EXPECT_EQ(layout->version, 3);
    EXPECT_THAT(layout->partition_by, ElementsAre("region"));
    EXPECT_EQ(layout->partition_count, 4u);
    EXPECT_EQ(layout->all.files, 8u);
    EXPECT_EQ(layout->all.rows, 218u);
    EXPECT_EQ(layout->all.deleted_rows, 2u);
    EXPECT_EQ(layout->all.vectors, 2u);
    EXPECT_EQ(layout->all.small, 8u);
    EXPECT_EQ(layout->others.files, 0u);
    uint64_t bytes = 0, files = 0, previous = UINT64_MAX;
    bool null = false;
    for (const auto& partition : layout->partitions) {
        EXPECT_LE(partition.group.bytes, previous) << "the largest first";
        previous = partition.group.bytes;
        bytes += partition.group.bytes;
        EXPECT_EQ(partition.group.files, 2u);
        if (!partition.values.at(0)) {
            null = true;
            EXPECT_EQ(partition.group.rows, 20u);
        }
    }
    EXPECT_TRUE(null);
    EXPECT_EQ(bytes, layout->all.bytes);
    bytes = 0;
    for (const auto& range : layout->sizes) {
        files += range.files;
        bytes += range.bytes;
    }
    EXPECT_EQ(files, 8u);
    EXPECT_EQ(bytes, layout->all.bytes);
    EXPECT_EQ(layout->sizes.front().files, 8u) << "of less than 10 kB";
    EXPECT_FALSE(layout->sizes.back().below);

    run("ALTER TABLE bronze.events SET ('delta.targetFileSize' = '1kb')");
    layout = lake().layout(kTable);
    EXPECT_EQ(layout->target_bytes, 1024u);
    EXPECT_EQ(layout->all.small, 0u);
}

TEST_F(TableDetailTest, LayoutHasTheLargestPartitionsAndTheRestInOne) {
    constexpr int kDays = int(TableLayout::kMostPartitions) + 7;
    run("CREATE TABLE s.days (day INTEGER, n BIGINT) PARTITIONED BY (day)");
    run(fmt::format("INSERT INTO s.days SELECT i % {}, i FROM range({}) r(i)", kDays, 2 * kDays));
    auto layout = lake().layout("s.days");
    ASSERT_TRUE(layout) << layout.error().message();
    EXPECT_EQ(layout->partition_count, uint64_t(kDays));
    EXPECT_EQ(layout->partitions.size(), TableLayout::kMostPartitions);
    EXPECT_EQ(layout->others.files, 7u);
    EXPECT_EQ(layout->others.rows, 14u);
    auto sum = layout->others.bytes;
    for (const auto& partition : layout->partitions)
        sum += partition.group.bytes;
    EXPECT_EQ(sum, layout->all.bytes);
}

TEST_F(TableDetailTest, ColumnsHaveAllThatIsInThem) {
    run("CREATE TABLE s.orders (id BIGINT NOT NULL, lines STRUCT(sku VARCHAR, tags "
        "VARCHAR[])[], notes MAP(VARCHAR, DOUBLE))");
    run("COMMENT ON COLUMN s.orders.id IS 'of the shop'");
    auto detail = lake().detail("s.orders");
    ASSERT_TRUE(detail) << detail.error().message();
    ASSERT_EQ(detail->schema.size(), 3u);
    const auto& [id, lines, notes] =
        std::tie(detail->schema[0], detail->schema[1], detail->schema[2]);
    EXPECT_EQ(id.type, "long");
    EXPECT_FALSE(id.nullable);
    EXPECT_EQ(id.comment, "of the shop");
    EXPECT_TRUE(id.parts.empty());
    ASSERT_THAT(lines.parts, ElementsAre(Field(&ColumnDetail::name, "element")));
    EXPECT_EQ(lines.parts[0].type, "struct");
    ASSERT_THAT(lines.parts[0].parts, ElementsAre(Field(&ColumnDetail::name, "sku"),
                                                  Field(&ColumnDetail::type, "array<string>")));
    ASSERT_THAT(notes.parts, ElementsAre(Field(&ColumnDetail::name, "key"),
                                         Field(&ColumnDetail::type, "double")));
    EXPECT_FALSE(notes.parts[0].nullable) << "a key of a map";
    EXPECT_EQ(detail->column_mapping, "none");
    EXPECT_EQ(id.physical, "");
    EXPECT_TRUE(detail->cluster_by.empty());
}

TEST_F(TableDetailTest, FeaturesAreListedOrImplied) {
    make(false);
    auto detail = lake().detail(kTable);
    ASSERT_TRUE(detail) << detail.error().message();
    const auto feature = [&](const char* name) -> const FeatureDetail* {
        for (const auto& one : detail->features)
            if (one.name == name) return &one;
        return nullptr;
    };
    EXPECT_FALSE(feature("deletionVectors"));
    run("ALTER TABLE bronze.events RENAME COLUMN page TO place");
    run("ALTER TABLE bronze.events SET ('delta.enableDeletionVectors' = 'true')");
    detail = lake().detail(kTable);
    ASSERT_TRUE(detail) << detail.error().message();
    EXPECT_EQ(detail->column_mapping, "name");
    ASSERT_TRUE(feature("columnMapping"));
    EXPECT_TRUE(feature("columnMapping")->writer);
    ASSERT_TRUE(feature("deletionVectors"));
    EXPECT_TRUE(feature("deletionVectors")->reader && feature("deletionVectors")->writer);
    EXPECT_EQ(detail->min_writer, 7);
    EXPECT_EQ(detail->schema[1].name, "place");
    EXPECT_EQ(detail->schema[1].physical, "page");
    EXPECT_THAT(detail->schema[1].id, Optional(2));
}

// As another writer's log has it: physical names, a path for a field.
TEST_F(TableDetailTest, ClusteringIsNamedAsPeopleNameIt) {
    make(false);
    run("ALTER TABLE bronze.events RENAME COLUMN page TO place");
    const auto path = lake().path_of(kTable) + "/_delta_log/" + fmt::format("{:020}.json", 2);
    const std::string commit =
        R"({"commitInfo":{"timestamp":0,"operation":"CLUSTER BY"}})"
        "\n"
        R"({"domainMetadata":{"domain":"delta.clustering","configuration":)"
        R"("{\"clusteringColumns\":[[\"page\"],[\"gone\",\"b\"]]}","removed":false}})"
        "\n";
    ASSERT_EQ(problem(disk_.put_if_absent(path, commit)), "");
    auto detail = lake().detail(kTable);
    ASSERT_TRUE(detail) << detail.error().message();
    EXPECT_THAT(detail->cluster_by, ElementsAre("place", "gone.b"));
}

}  // namespace
}  // namespace tarn::lake
