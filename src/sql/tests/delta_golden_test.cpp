// Conformance: Delta tables written by Spark (kernel's golden suite), read with delta_scan and
// compared with the rows that a reader must return. Where the shared data is absent the test is
// skipped and says so.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "tarn/delta/table.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/checkpoint_io.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {
namespace {

namespace fs = std::filesystem;

fs::path shared_data() {
    if (auto dir = std::getenv("TARN_SHARED_DATA")) return dir;
    return fs::path(TARN_SOURCE_DIR) / ".." / "shared" / "data";
}

class Golden : public testing::Test {
  protected:
    void SetUp() override {
        auto archive = shared_data() / "delta" / "kernel-golden.tar.zst";
        if (!fs::exists(archive)) GTEST_SKIP() << "no golden tables at " << archive;
        folder_ = fs::temp_directory_path() / ("tarn-golden-" + std::to_string(getpid()));
        fs::create_directories(folder_);
        auto command = "tar --zstd -xf '" + archive.string() + "' -C '" + folder_.string() + "'";
        ASSERT_EQ(std::system(command.c_str()), 0);
        auto engine = Engine::open({}, files_, nullptr);
        ASSERT_TRUE(engine) << engine.error().message();
        engine_ = std::move(*engine);
        auto session = engine_->session();
        ASSERT_TRUE(session);
        session_ = std::move(*session);
    }
    void TearDown() override {
        if (!folder_.empty()) fs::remove_all(folder_);
    }
    fs::path table(const std::string& name) const {
        return folder_ / "kernel-golden" / name / "delta";
    }
    std::string scan(const std::string& name) const {
        return "delta_scan('" + table(name).string() + "')";
    }

    // The first value of a query as text, or the error's message.
    std::string one(const std::string& sql) {
        auto result = session_->query_columns(sql);
        if (!result) return "ERROR " + result.error().message();
        auto& column = result->columns.at(0);
        if (result->row_count == 0 || column.is_null(0)) return "NULL";
        if (column.type == codec::ColumnType::kText) return std::string(column.text(0));
        return std::to_string(column.values<int64_t>()[0]);
    }
    // "" if a table's rows equal the expected ones as multisets, by column names.
    std::string difference(const std::string& name) {
        auto expected = "(SELECT * FROM read_parquet('tarn://" +
                        (folder_ / "kernel-golden" / name / "expected").string() +
                        "/*.parquet', hive_partitioning=false, union_by_name=true))";
        // Naive INT96 timestamps of the expectation are UTC instants where the table says so.
        auto types = [&](const std::string& from) {
            return one(
                "SELECT string_agg(column_name || ' ' || column_type, ', ' ORDER BY column_name) "
                "FROM (DESCRIBE "
                "SELECT * FROM " +
                from + ")");
        };
        auto types_got = types(scan(name));
        if (types_got.starts_with("ERROR")) return types_got;
        auto columns =
            one("SELECT string_agg('\"' || column_name || '\"', ', ' ORDER BY column_name) FROM "
                "(DESCRIBE "
                "SELECT * FROM " +
                scan(name) + ")");
        auto casts = one(
            "SELECT string_agg('CAST(\"' || column_name || '\" AS ' || column_type || ') AS \"' || "
            "column_name || '\"', ', ' ORDER BY column_name) FROM (DESCRIBE SELECT * FROM " +
            scan(name) + ")");
        auto count = one("SELECT count(*) FROM (DESCRIBE SELECT * FROM " + expected + ")");
        auto own = one("SELECT count(*) FROM (DESCRIBE SELECT * FROM " + scan(name) + ")");
        if (count != own) return "has " + own + " columns, not " + count;
        auto left = "(SELECT " + columns + " FROM " + scan(name) + ")";
        auto right = "(SELECT " + casts + " FROM " + expected + ")";
        auto rows = one("SELECT (SELECT count(*) FROM " + left +
                        ") || ' of ' || (SELECT count(*) FROM " + right + ")");
        if (rows.starts_with("ERROR")) return rows;
        auto extra = one("SELECT count(*) FROM (FROM " + left + " EXCEPT ALL FROM " + right + ")");
        auto lost = one("SELECT count(*) FROM (FROM " + right + " EXCEPT ALL FROM " + left + ")");
        if (extra == "0" && lost == "0") return "";
        return rows + " rows; not expected " + extra + ", missing " + lost + "; types " + types_got;
    }
    Result<std::shared_ptr<const delta::Snapshot>> replay(const std::string& name) {
        auto io = make_checkpoint_io(*engine_, files_);
        delta::Table table_of(files_, table(name).string(), io.get());
        return table_of.refresh();
    }

    io::LocalFileSystem files_;
    fs::path folder_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Session> session_;
};

TEST_F(Golden, TablesGiveTheExpectedRows) {
    // A timestamp partition without a zone: what it means depends on the writer's machine.
    const std::set<std::string> ambiguous = {"data-reader-partition-values"};
    int same = 0, total = 0;
    for (auto& entry : fs::directory_iterator(folder_ / "kernel-golden")) {
        if (!fs::exists(entry.path() / "expected")) continue;
        auto name = entry.path().filename().string();
        ++total;
        auto problem = difference(name);
        if (problem.empty())
            ++same;
        else
            std::cout << "  differs: " << name << ": " << problem << "\n";
        EXPECT_TRUE(problem.empty() || ambiguous.contains(name)) << name << ": " << problem;
    }
    std::cout << "golden tables read right: " << same << " of " << total << "\n";
    EXPECT_GE(total, 71);
}

TEST_F(Golden, BrokenTablesAreRefusedWithAReason) {
    for (auto name :
         {"deltalog-invalid-protocol-version", "deltalog-state-reconstruction-without-metadata",
          "deltalog-state-reconstruction-without-protocol",
          "deltalog-state-reconstruction-from-checkpoint-missing-metadata",
          "deltalog-state-reconstruction-from-checkpoint-missing-protocol",
          "versions-not-contiguous", "no-delta-log-folder"}) {
        auto snapshot = replay(name);
        EXPECT_FALSE(snapshot) << name;
        if (!snapshot)
            std::cout << "  refused: " << name << ": " << snapshot.error().message() << "\n";
        EXPECT_TRUE(one("SELECT count(*) FROM " + scan(name)).starts_with("ERROR")) << name;
    }
}

TEST_F(Golden, ReplayKeepsTheRightFiles) {
    for (auto name : {"canonicalized-paths-normal-a", "canonicalized-paths-normal-b",
                      "canonicalized-paths-special-a", "canonicalized-paths-special-b"}) {
        auto snapshot = replay(name);
        ASSERT_TRUE(snapshot) << name << ": " << snapshot.error().message();
        EXPECT_EQ((*snapshot)->version, 1) << name;
        EXPECT_EQ((*snapshot)->files.size(), 0u) << name;
    }
    auto again = replay("delete-re-add-same-file-different-transactions");
    ASSERT_TRUE(again);
    std::set<std::string> paths;
    (*again)->files.each([&](auto& file) {
        paths.insert(file->path);
        EXPECT_TRUE(file->path != "foo" || file->modified_ms == 1700000000000);
    });
    EXPECT_EQ(paths, (std::set<std::string>{"foo", "bar"}));
    auto special = replay("log-replay-special-characters-b");
    ASSERT_TRUE(special);
    EXPECT_EQ((*special)->files.size(), 1u);
    auto checkpoint = replay("checkpoint");
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    EXPECT_EQ((*checkpoint)->version, 14);
    EXPECT_EQ((*checkpoint)->files.size(), 1u);
    auto old = replay("deltalog-commit-info");
    EXPECT_TRUE(old) << old.error().message();
}

}  // namespace
}  // namespace tarn::sql
