// OPTIMIZE where row groups are copied: tables of random columns and files, against what our own
// writer makes of the same rows; and damaged files.

#include <gtest/gtest.h>

#include <map>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/delta_write.h"

namespace tarn::lake {
namespace {

using testing::problem;
using testing::World;

constexpr const char* kTable = "s.t";

// Columns of a row i, with what makes some of them NULL.
constexpr const char* kPool[] = {
    "(i % 100)::TINYINT",
    "(i % 3000)::SMALLINT",
    "(hash(i) % 100000)::INTEGER",
    "(hash(i) % 100000000)::BIGINT - 5000000",
    "(i % 1000 - 500)::DECIMAL(9, 3)",
    "((hash(i) % 1000000)::BIGINT / 4 - 99999)::DECIMAL(30, 4)",
    "(i % 333) / 7.0::DOUBLE",
    "CASE WHEN i % 9000 = 77 THEN 'nan'::DOUBLE ELSE i::DOUBLE END",
    "((i % 17) / 4.0)::FLOAT",
    "i % 3 = 0",
    "'v' || i % 40",
    "repeat('long text ', 4) || hash(i)",
    "('b' || i)::BLOB",
    "DATE '2020-01-01' + (i % 4000)::INTEGER",
    "TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_microseconds(i * 1234567)",
    "TIMESTAMP '2026-01-01' + to_microseconds(i * 1234567)",
    "[i, NULL, i % 3]",
    "MAP {'k' || i % 3: i}",
    "{'x': i, 'y': [{'z': i % 5}], 'w': {'v': CASE WHEN i % 2 = 0 THEN 'even' END}}",
    "CASE WHEN i < 0 THEN 1 END",
};

class FileJoin : public ::testing::Test {
  protected:
    Lake& lake() { return *world_->lake; }
    void start(uint64_t seed) {
        disk_ = std::make_unique<io::SimulatedDisk>(seed, clock_);
        world_ = std::make_unique<World>(*disk_, clock_, seed);
    }
    // Rows [from, to) of these columns of the pool; each NULL in every `hole`th row.
    static std::string rows(const std::vector<size_t>& columns, int64_t from, int64_t to,
                            int hole) {
        std::string out = "i AS k, 'p' || i % 2 AS p";
        for (const auto at : columns)
            out += fmt::format(", CASE WHEN (i + {}) % {} <> 0 THEN {} END AS c{}", at, hole,
                               kPool[at], at);
        return fmt::format("SELECT {} FROM range({}, {}) r(i)", out, from, to);
    }
    void create(const std::string& select, std::map<std::string, std::string> properties,
                std::vector<std::string> partition_by) {
        CreateRequest request;
        request.table = kTable;
        request.select = select;
        request.properties = std::move(properties);
        request.partition_by = std::move(partition_by);
        const auto made = lake().create_table(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    void insert(const std::string& select) {
        InsertRequest request;
        request.table = kTable;
        request.select = select;
        request.by_name = true;
        request.evolves = true;
        const auto made = lake().insert(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    void remove(const std::string& where) {
        DeleteRequest request;
        request.table = kTable;
        request.where = where;
        const auto made = lake().delete_rows(request);
        ASSERT_TRUE(made) << made.error().message();
    }
    Result<OptimizeOutcome> optimize() {
        OptimizeRequest request;
        request.table = kTable;
        return lake().optimize(request);
    }
    // Of all values of all rows; nothing if they cannot be read.
    std::optional<int64_t> digest() {
        auto session = world_->engine->session();
        const auto rows = (*session)->query_columns(
            "SELECT count(*) * 1000000007 + (sum(hash(t)) % 1000000007)::BIGINT FROM " +
            world_->scan(kTable) + " t");
        if (!rows) return std::nullopt;
        return rows->columns[0].values<int64_t>()[0];
    }
    std::vector<std::shared_ptr<const delta::AddFile>> files() {
        return lake().files(kTable)->files;
    }
    static bool is_copied(const delta::AddFile& file) {
        return !file.path.ends_with(".zstd.parquet");
    }
    // By partition, what our writer says of the rows that it is given.
    std::map<std::string, std::string> statistics() {
        std::map<std::string, std::string> out;
        auto session = world_->engine->session();
        delta::Table table(*disk_, lake().path_of(kTable), nullptr);
        sql::DeltaOutput output;
        output.snapshot = *table.refresh();
        output.stem = "oracle";
        auto written =
            sql::write_delta_files(**session, "SELECT * FROM " + world_->scan(kTable), output);
        EXPECT_TRUE(written) << written.error().message();
        for (const auto& file : *written)
            out[partition(file)] = file.stats;
        return out;
    }
    static std::string partition(const delta::AddFile& file) {
        std::string out;
        for (const auto& [key, value] : file.partition_values)
            out += key + "=" + value.value_or("null");
        return out;
    }

    ManualClock clock_;
    std::unique_ptr<io::SimulatedDisk> disk_;
    std::unique_ptr<World> world_;
    size_t copied_ = 0, written_ = 0;  // files
};

TEST_F(FileJoin, RowsAndStatisticsAreThoseOfOurWriter) {
    constexpr uint64_t kSeeds = 24;
    constexpr int64_t kSizes[] = {1, 300, 20'000, 20'000, 20'000, 45'000};
    size_t mixed = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        start(seed);
        std::vector<size_t> columns;
        for (size_t at = 0; at < std::size(kPool); ++at)
            if (random.below(3) == 0) columns.push_back(at);
        columns.push_back(11);  // has some size
        std::ranges::sort(columns);
        columns.erase(std::ranges::unique(columns).begin(), columns.end());
        std::map<std::string, std::string> properties = {{"delta.enableDeletionVectors", "true"}};
        if (random.below(3) == 0) properties["delta.columnMapping.mode"] = "name";
        if (random.below(4) == 0) properties["delta.enableRowTracking"] = "true";
        if (random.below(4) == 0) properties["delta.dataSkippingNumIndexedCols"] = "3";
        std::vector<std::string> partition_by;
        if (random.below(4) == 0) partition_by = {"p"};
        const int inserts = 2 + int(random.below(5));
        int64_t at = 0;
        for (int n = 0; n < inserts; ++n) {
            const auto count = kSizes[random.below(std::size(kSizes))];
            if (n > 0 && random.below(12) == 0) columns.push_back(random.below(std::size(kPool)));
            std::ranges::sort(columns);
            columns.erase(std::ranges::unique(columns).begin(), columns.end());
            const auto select = rows(columns, at, at + count, 2 + int(random.below(50)));
            if (n == 0)
                create(select, properties, partition_by);
            else
                insert(select);
            if (random.below(8) == 0) remove(fmt::format("k >= {} AND k % 3 = 0", at));
            at += count;
            if (HasFatalFailure()) return;
        }
        const auto before = digest();
        const auto made = optimize();
        ASSERT_TRUE(made) << made.error().message();
        ASSERT_EQ(digest(), before);
        ASSERT_EQ(problem(lake().verify(kTable)), "");
        // In the order in which they came.
        ASSERT_EQ(world_->number("SELECT count(*) FROM (SELECT k, lag(k) OVER (PARTITION BY "
                                 "filename ORDER BY file_row_number) AS before FROM " +
                                 world_->scan(kTable) + ") WHERE before > k"),
                  0);
        const auto expected = statistics();
        for (const auto& file : files()) {
            copied_ += is_copied(*file);
            written_ += !is_copied(*file);
            mixed += is_copied(*file) && file->records % 1000 != 0;
            if (!is_copied(*file)) continue;
            EXPECT_EQ(file->stats, expected.at(partition(*file)));
        }
    }
    // Otherwise this shows nothing.
    EXPECT_GT(copied_, 5u);
    EXPECT_GT(written_, 5u);
    EXPECT_GT(mixed, 1u);
}

TEST_F(FileJoin, DamageIsNeitherHiddenNorSpread) {
    constexpr uint64_t kSeeds = 60;
    size_t refused = 0, unread = 0;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed + 1);
        start(seed);
        create(rows({2, 10, 11, 16}, 0, 20'000, 9), {}, {});
        insert(rows({2, 10, 11, 16}, 20'000, 40'000, 9));
        const auto victim = files()[random.below(2)];
        const auto path = lake().path_of(kTable) + "/" + delta::percent_decode(victim->path);
        auto file = disk_->open(path, {io::OpenMode::kReadWrite});
        ASSERT_TRUE(file);
        // Somewhere, or near the end, where the footer is, or the beginning of a column.
        const auto size = uint64_t(victim->size);
        const uint64_t places[] = {random.below(size), size - 1 - random.below(1500),
                                   4 + random.below(30)};
        const auto place = places[random.below(3)];
        char byte = 0;
        ASSERT_TRUE((*file)->read_at(place, &byte, 1));
        byte = char(byte ^ (1 << random.below(8)));
        ASSERT_EQ(problem((*file)->write_at(place, {&byte, 1})), "");
        const auto before = digest();
        const auto made = optimize();
        refused += !made;
        unread += !before;
        EXPECT_EQ(files().size(), made ? 1u : 2u);
        EXPECT_EQ(digest(), before) << place << " of " << size;
    }
    EXPECT_GT(refused, 0u);
    EXPECT_GT(unread, 0u);
    EXPECT_LT(refused, kSeeds);
}

TEST_F(FileJoin, AFileThatIsNotWhatTheLogSaysIsRefused) {
    start(1);
    create(rows({11}, 0, 20'000, 9), {}, {});
    insert(rows({11}, 20'000, 45'000, 9));
    const auto both = files();
    const auto root = lake().path_of(kTable) + "/";
    auto bytes = disk_->read_all(root + delta::percent_decode(both[0]->path));
    ASSERT_TRUE(bytes);
    // Sound, and another one.
    ASSERT_EQ(problem(disk_->replace(root + delta::percent_decode(both[1]->path), *bytes)), "");
    const auto made = optimize();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::kCorrupted);
    EXPECT_NE(made.error().message().find("bytes, the log says"), std::string::npos);
    EXPECT_EQ(files().size(), 2u);
}

}  // namespace
}  // namespace tarn::lake
