#include "tarn/sql/parquet.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "batches.h"
#include "memory_tables.h"

namespace tarn::sql {
namespace {

struct Parquet : testing::Test, Fixture {
    std::string folder = testing::TempDir() + "tarn_sql_parquet_" + std::to_string(getpid());
    void SetUp() override { ASSERT_TRUE(fs.create_folders(folder)); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string read(const std::string& path) { return "read_parquet('tarn://" + path + "')"; }
};

std::vector<std::shared_ptr<const codec::ColumnBatch>> two_batches() {
    TestBatch a(3), b(2);
    a.add<int64_t>("id", ColumnType::kInt64, {1, 2, std::nullopt});
    a.dictionary("page", {"/home", "/a page with a long name"}, {1, 0, -1});
    a.text("note", {"short", std::nullopt, "a text of more than twelve bytes"});
    a.add<int64_t>("at", ColumnType::kTimestamp, {1'700'000'000'000'000, -1, std::nullopt});
    b.add<int64_t>("id", ColumnType::kInt64, {4, 5});
    b.dictionary("page", {"/zebra", "/home"}, {0, 1});
    b.text("note", {"x", "y"});
    b.add<int64_t>("at", ColumnType::kTimestamp, {2, 3});
    return {a.share(), b.share()};
}

TEST_F(Parquet, ReadsBackAsPlainStringsInRowOrder) {
    auto path = folder + "/odd name 'ü'[1].parquet";
    auto batches = two_batches();
    auto file = write_parquet(*session, path, batches, std::vector<int>{1, 0, 2, 3});
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(file->rows, 5u);
    EXPECT_EQ(file->bytes, fs.stat(path)->size);
    auto quoted = folder + "/odd name ''ü''[1].parquet";
    EXPECT_EQ(
        json("select page, id, note, \"at\" from " + read(quoted)),
        R"({"page":"/a page with a long name","id":1,"note":"short","at":"2023-11-14T22:13:20.000000Z"}
{"page":"/home","id":2,"note":null,"at":"1969-12-31T23:59:59.999999Z"}
{"page":null,"id":null,"note":"a text of more than twelve bytes","at":null}
{"page":"/zebra","id":4,"note":"x","at":"1970-01-01T00:00:00.000002Z"}
{"page":"/home","id":5,"note":"y","at":"1970-01-01T00:00:00.000003Z"}
)");
}

TEST_F(Parquet, DictionaryColumnHasStringTypeAndStatistics) {
    auto path = folder + "/a.parquet";
    ASSERT_TRUE(write_parquet(*session, path, two_batches(), std::vector<int>{1}));
    auto source = "'tarn://" + path + "'";
    EXPECT_EQ(json("select column_type from (describe select * from " + read(path) + ")"),
              "{\"column_type\":\"VARCHAR\"}\n");
    EXPECT_EQ(json("select stats_min_value as lo, stats_max_value as hi, stats_null_count as "
                   "nulls, compression, "
                   "bloom_filter_offset is null as no_bloom from parquet_metadata(" +
                   source + ")"),
              "{\"lo\":\"/a page with a long "
              "name\",\"hi\":\"/zebra\",\"nulls\":1,\"compression\":\"ZSTD\","
              "\"no_bloom\":true}\n");
    EXPECT_EQ(
        json("select repetition_type from parquet_schema(" + source + ") where name = 'page'"),
        "{\"repetition_type\":\"OPTIONAL\"}\n");
}

TEST_F(Parquet, SameInputSameBytes) {
    for (auto name : {"/1.parquet", "/2.parquet"})
        ASSERT_TRUE(
            write_parquet(*session, folder + name, two_batches(), std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(*fs.read_all(folder + "/1.parquet"), *fs.read_all(folder + "/2.parquet"));
}

TEST_F(Parquet, RowGroupsHaveTheirSize) {
    std::vector<std::optional<int64_t>> ids(10'000);
    for (size_t i = 0; i < ids.size(); ++i)
        ids[i] = int64_t(i);
    TestBatch batch(ids.size());
    batch.add<int64_t>("id", ColumnType::kInt64, ids);
    auto path = folder + "/a.parquet";
    ASSERT_TRUE(
        write_parquet(*session, path, std::vector{batch.share()}, std::vector<int>{0}, {1, 4096}));
    EXPECT_EQ(json("select row_group_num_rows as n from parquet_metadata('tarn://" + path +
                   "') order by row_group_id"),
              "{\"n\":4096}\n{\"n\":4096}\n{\"n\":1808}\n");
}

TEST_F(Parquet, NoBatchAndUnknownColumnAreRefused) {
    EXPECT_EQ(write_parquet(*session, folder + "/a", {}, std::vector<int>{0}).error().code(),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(
        write_parquet(*session, folder + "/a", two_batches(), std::vector<int>{4}).error().code(),
        ErrorCode::kInvalidArgument);
    EXPECT_FALSE(
        write_parquet(*session, folder + "/no such folder/a", two_batches(), std::vector<int>{0}));
}

}  // namespace
}  // namespace tarn::sql
