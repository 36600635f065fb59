// Filters on the time of a table that is read when a query runs become bounds of what is read.

#include <gtest/gtest.h>

#include <algorithm>

#include "batches.h"
#include "memory_tables.h"
#include "tarn/sql/parameters.h"

namespace tarn::sql {
namespace {

constexpr int64_t kSecond = 1'000'000;

// live.v(t, n): a row each second from 1970-01-01 00:00:00 on, n counting, and one whose time is
// NULL.
struct Bounded : testing::Test, Fixture {
    static constexpr int64_t kRows = 100;
    std::vector<TimeBounds> asked;
    int64_t read = 0;

    Bounded() {
        ScanRef ref;
        ref.schema = {{"n", ColumnType::kInt64, false}, {"t", ColumnType::kTimestamp, false}};
        ref.bounded = 1;
        ref.rows = kRows;
        ref.scan = [this](const TimeBounds& bounds) -> Result<BatchPtr> {
            asked.push_back(bounds);
            std::vector<std::optional<int64_t>> n, t;
            for (int64_t i = -1; i < kRows; ++i) {
                if (i < 0 && (bounds.from || bounds.to)) continue;
                if (bounds.from && i * kSecond < bounds.from->us) continue;
                if (bounds.to && i * kSecond >= bounds.to->us) continue;
                n.push_back(i);
                t.push_back(i < 0 ? std::nullopt : std::optional(i * kSecond));
            }
            read += int64_t(n.size());
            TestBatch batch(n.size());
            batch.add<int64_t>("n", ColumnType::kInt64, n);
            batch.add<int64_t>("t", ColumnType::kTimestamp, t);
            return batch.share();
        };
        tables.tables["live.v"] = std::move(ref);
    }
    using BatchPtr = std::shared_ptr<const codec::ColumnBatch>;

    // The rows n that a WHERE leaves, which are those that it leaves of all rows; how many were
    // read.
    int64_t rows_read(const std::string& where) {
        read = 0;
        const auto bounded = json("select n from live.v where " + where + " order by n");
        const auto out = read;
        // The same rows, from a plan where no filter reaches the scan.
        EXPECT_EQ(bounded, json("with all_rows as materialized (select * from live.v) "
                                "select n from all_rows where " +
                                where + " order by n"))
            << where;
        EXPECT_GE(read, out) << where;
        return out;
    }
};

TEST_F(Bounded, FiltersOnTheTimeBoundWhatIsRead) {
    EXPECT_EQ(rows_read("t >= timestamptz '1970-01-01 00:01:30Z'"), 10);
    EXPECT_EQ(rows_read("t > timestamptz '1970-01-01 00:01:30Z'"), 10);
    EXPECT_EQ(rows_read("t < '1970-01-01 00:00:05Z'"), 5);
    EXPECT_EQ(rows_read("'1970-01-01 00:00:05Z' >= t"), 6);
    EXPECT_EQ(rows_read("t = timestamptz '1970-01-01 00:00:05Z'"), 1);
    EXPECT_EQ(rows_read("t between '1970-01-01 00:00:05Z' and '1970-01-01 00:00:07Z'"), 3);
    EXPECT_EQ(rows_read("t >= '1970-01-01 00:00:05Z' and t < '1970-01-01 00:00:15Z' and n % 2 = 0"),
              10);
    EXPECT_EQ(rows_read("t >= timestamptz '1970-01-01 00:00:10Z' - interval 5 seconds "
                        "and t < '1970-01-01 00:00:06Z'"),
              1);
    EXPECT_EQ(rows_read("t > '1970-01-01 00:00:09Z' and t < '1970-01-01 00:00:03Z'"), 0);
}

TEST_F(Bounded, OtherFiltersReadAll) {
    for (const auto* where :
         {"n > 95", "t is null", "t is not null", "t <> '1970-01-01 00:00:05Z'",
          "t > '1970-01-01 00:00:05Z' or n = 3", "not (t > '1970-01-01 00:00:05Z')  or n = 3",
          "t > '-infinity'::timestamptz", "t < 'infinity'::timestamptz"})
        EXPECT_EQ(rows_read(where), kRows + 1) << where;
}

TEST_F(Bounded, EachScanOfAQueryHasItsOwn) {
    EXPECT_EQ(json("select (select count(*) from live.v where t < '1970-01-01 00:00:05Z') as a, "
                   "(select count(*) from live.v where t >= '1970-01-01 00:01:30Z') as b, "
                   "(select count(*) from live.v) as c"),
              "{\"a\":5,\"b\":10,\"c\":101}\n");
    EXPECT_EQ(json("select count(*) as n from live.v a join live.v b using (n) "
                   "where a.t < '1970-01-01 00:00:05Z' and b.t >= '1970-01-01 00:00:03Z'"),
              "{\"n\":2}\n");
}

TEST_F(Bounded, ParametersBoundAsLiteralsDo) {
    TextSink sink;
    read = 0;
    ASSERT_TRUE(session->query("select count(*) as n from live.v where t >= $1",
                               {{{"1", Timestamp{95 * kSecond}}}}, {}, sink));
    EXPECT_EQ(sink.text, "{\"n\":5}\n");
    EXPECT_EQ(read, 5);
}

TEST_F(Bounded, AnErrorOfReadingIsThatOfTheQuery) {
    std::get<ScanRef>(tables.tables["live.v"]).scan = [](const TimeBounds&) -> Result<BatchPtr> {
        return fail(ErrorCode::kIo, "the disk is gone");
    };
    EXPECT_EQ(json("select * from live.v"), "io: the disk is gone");
}

}  // namespace
}  // namespace tarn::sql
