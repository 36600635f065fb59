// Random streams, watermarks and batches: what a LiveQuery says of its windows, change by change,
// must come to what one batch query over the rows that were on time says.

#include <gtest/gtest.h>

#include <limits>

#include "batches.h"
#include "memory_tables.h"
#include "tarn/base/ids.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {
namespace {

struct Stream {
    std::vector<std::optional<int64_t>> times, users;
    std::vector<std::optional<double>> amounts;
    std::vector<int> pages;  // -1 for NULL

    void add(const Stream& from, size_t i) {
        times.push_back(from.times[i]);
        users.push_back(from.users[i]);
        amounts.push_back(from.amounts[i]);
        pages.push_back(from.pages[i]);
    }
    std::shared_ptr<const codec::ColumnBatch> batch(bool dictionary) const {
        static const std::vector<std::string> kPages = {"/", "/a", "/products/of/some/length/1",
                                                        "/products/of/some/length/2", "/b"};
        TestBatch out(times.size());
        out.add<int64_t>("event_time", ColumnType::kTimestamp, times);
        out.add<int64_t>("user_id", ColumnType::kInt64, users);
        out.add<double>("amount", ColumnType::kDouble, amounts);
        if (dictionary) {
            out.dictionary("page", kPages, pages);
        } else {
            std::vector<std::optional<std::string>> texts;
            for (int p : pages)
                texts.push_back(p < 0 ? std::nullopt : std::optional(kPages[size_t(p)]));
            out.text("page", texts);
        }
        return out.share();
    }
};

Stream random_rows(Random& random, size_t n, int64_t now) {
    Stream s;
    for (size_t i = 0; i < n; ++i) {
        auto time = now - int64_t(random.below(20'000'000)) + int64_t(random.below(4'000'000));
        s.times.push_back(random.chance(0.01) ? std::nullopt : std::optional(time));
        s.users.push_back(random.chance(0.05) ? std::nullopt
                                              : std::optional<int64_t>(random.below(40)));
        s.amounts.push_back(double(int64_t(random.below(1000)) - 500) / 4);
        s.pages.push_back(random.chance(0.05) ? -1 : int(random.below(5)));
    }
    return s;
}

struct Case {
    std::string select, from_where, group;
    std::string keys;
    std::string batch_extra;  // what batch SQL needs for the column grouping_set
};

const StreamSchema kSchema = {"s",
                              {{"event_time", ColumnType::kTimestamp, false},
                               {"user_id", ColumnType::kInt64, false},
                               {"amount", ColumnType::kDouble, false},
                               {"page", ColumnType::kText, false}}};

// Which windows keep their rows, and so give their results when they end.
enum class Stored { kNone, kSome, kAll };

void check(const Case& c, uint64_t seed, Stored stored) {
    SCOPED_TRACE(c.select + " seed " + std::to_string(seed) + " stored " +
                 std::to_string(int(stored)));
    Random random(seed);
    Fixture f;
    const auto grace = Duration::millis(int64_t(random.below(3)) * 2500);
    auto compiled = LiveQuery::compile(
        std::move(*f.engine->session()),
        "select " + c.select + " from stream('s') " + c.from_where + " group by " + c.group,
        std::vector{kSchema}, grace);
    ASSERT_TRUE(compiled) << compiled.error().message();
    auto& query = **compiled;
    Stream on_time;
    RowsRef changes;
    changes.schema = query.info().output;
    int64_t now = 1'000'000 * (int64_t(random.below(100)) - 50),
            watermark = std::numeric_limits<int64_t>::min();
    // Of so little memory that each set of groups comes in many parts, or of enough for all.
    auto take = [&](Timestamp ended) {
        auto batch = query.take_changes(
            nullptr, {.watermark = ended, .memory_bytes = int64_t(1) << random.below(28)});
        ASSERT_TRUE(batch) << batch.error().message();
        changes.batches.push_back(*batch);
    };
    size_t late_rows = 0;
    for (int round = 0; round < 25; ++round) {
        auto rows = random_rows(random, random.chance(0.1) ? 5000 : random.below(200), now);
        std::vector<uint32_t> late;
        query.store_windows(stored == Stored::kAll ||
                            (stored == Stored::kSome && random.chance(0.5)));
        if (stored == Stored::kSome && random.chance(0.2)) {
            ASSERT_TRUE(query.open_stored_windows(int64_t(random.below(1'000'000))));
        }
        ASSERT_TRUE(query.add(*rows.batch(random.chance(0.5)), Timestamp{watermark}, late));
        std::vector<bool> is_late(rows.times.size());
        for (auto i : late)
            is_late[i] = true;
        late_rows += late.size();
        for (size_t i = 0; i < rows.times.size(); ++i)
            if (!is_late[i]) on_time.add(rows, i);
        now += int64_t(random.below(3'000'000));
        if (random.chance(0.6)) take(Timestamp{watermark});
        if (random.chance(0.4)) {
            watermark = std::max(watermark, now - 8'000'000);
            take(Timestamp{watermark});
            ASSERT_TRUE(query.close_panes(Timestamp{watermark}));
        }
    }
    take(Timestamp{std::numeric_limits<int64_t>::max()});
    EXPECT_GT(late_rows, 0u);
    f.tables.tables["t.changes"] = changes;
    f.tables.tables["t.rows"] = RowsRef{kSchema.columns, {}};
    // The batch table's columns stand in the order of TestBatch, which is the schema's.
    std::get<RowsRef>(f.tables.tables["t.rows"]).batches = {on_time.batch(false)};
    auto newest = f.json(
        "select * exclude (seq, rn) from (select *, row_number() over (partition by " + c.keys +
        " order by seq desc) as rn from (select *, row_number() over () as seq from t.changes)) "
        "where rn = 1 order by all");
    auto naive = f.json("select " + c.select + c.batch_extra + " from t.rows " +
                        (c.from_where.empty() ? "where " : c.from_where + " and ") +
                        "event_time is not null group by " + c.group + " order by all");
    EXPECT_EQ(newest, naive);
    EXPECT_NE(naive.find("\"w\""), std::string::npos);
}

TEST(LiveQueryProperty, EqualsBatchSqlOverTheRowsOnTime) {
    const std::string w = "tumble(event_time, interval '5 seconds') as w";
    const std::vector<Case> cases = {
        {w + ", page, count(*) as n, sum(amount) as total, min(amount) as lo, max(page) as hi", "",
         "w, page", "w, page", ""},
        {w + ", count(distinct user_id) as users, count(distinct page) as pages, count(distinct "
             "user_id) + 1 as more, "
             "avg(amount) as mean",
         "where amount > -100", "w", "w", ""},
        {"upper(page) as p, user_id % 3 as m, " + w +
             ", count(*) filter (where amount > 0) as pos, "
             "sum(distinct user_id) filter (where page <> '/a') as ids, median(amount) as mid",
         "where page is not null and user_id > 2", "p, m, w", "p, m, w", ""},
        {w + ", page, user_id, count(*) as n, count(distinct user_id) as users, sum(user_id) as s",
         "", "grouping sets ((w), (w, page), (w, page, user_id))", "w, page, user_id, grouping_set",
         ", (case when grouping(page) = 1 then 0 when grouping(user_id) = 1 then 1 else 2 "
         "end)::int as grouping_set"},
    };
    for (auto& c : cases)
        for (uint64_t seed = 1; seed <= 6; ++seed)
            for (auto stored : {Stored::kNone, Stored::kSome, Stored::kAll})
                check(c, seed, stored);
}

// So many rows of a window on the disk that they lie apart by their users.
TEST(LiveQueryProperty, ManyRowsOfAStoredWindowEqualBatchSql) {
    const std::string select =
        "tumble(event_time, interval '1 hour') as w, page, user_id % 7 as part, count(*) as n, "
        "count(distinct user_id) as users, sum(distinct user_id) as ids, sum(user_id) as total";
    const std::string group = "grouping sets ((w), (w, page), (w, part), (w, page, part))";
    Random random(11);
    Stream all;
    std::vector<std::shared_ptr<const codec::ColumnBatch>> batches;
    for (int i = 0; i < 8; ++i) {
        auto rows = random_rows(random, 20'000, 1'000'000'000);
        for (auto& user : rows.users)
            user =
                random.chance(0.05) ? std::nullopt : std::optional<int64_t>(random.below(30'000));
        for (auto& time : rows.times)
            time = time.value_or(1'000'000'000);
        batches.push_back(rows.batch(i % 2 == 0));
        for (size_t row = 0; row < rows.times.size(); ++row)
            all.add(rows, row);
    }
    Fixture f;
    f.tables.tables["t.rows"] = RowsRef{kSchema.columns, {all.batch(false)}};
    const auto naive = f.json("select " + select +
                              ", case when grouping(page) = 1 and grouping(part) = 1 then 0 when "
                              "grouping(part) = 1 then 1 when grouping(page) = 1 then 2 else 3 "
                              "end::int as grouping_set from t.rows group by " +
                              group + " order by all");
    // In one pass over each part's rows, in several, and set by set.
    for (const int64_t memory : {64 << 20, 1 << 20, 1 << 16}) {
        auto query = std::move(*LiveQuery::compile(
            std::move(*f.engine->session()),
            "select " + select + " from stream('s') group by " + group, std::vector{kSchema}, {}));
        query->store_windows(true);
        std::vector<uint32_t> late;
        for (const auto& batch : batches)
            ASSERT_TRUE(query->add(*batch, Timestamp{0}, late));
        ASSERT_EQ(query->stored_windows(), 1u);
        auto taken = query->take_changes(
            nullptr, {.watermark = {std::numeric_limits<int64_t>::max()}, .memory_bytes = memory});
        ASSERT_TRUE(taken) << taken.error().message();
        f.tables.tables["t.taken"] = RowsRef{(*taken)->schema, {*taken}};
        EXPECT_EQ(f.json("select * from t.taken order by all"), naive) << memory;
    }
}

TEST(LiveQueryProperty, TheSameRunTwiceGivesTheSameChanges) {
    auto run = [] {
        Fixture f;
        auto query =
            std::move(*LiveQuery::compile(std::move(*f.engine->session()),
                                          "select tumble(event_time, interval 5 second) as w, "
                                          "page, count(*) as n, count(distinct user_id) as u, "
                                          "stddev(amount) as d from stream('s') group by w, page",
                                          std::vector{kSchema}, {}));
        Random random(7);
        std::string all;
        for (int i = 0; i < 10; ++i) {
            std::vector<uint32_t> late;
            EXPECT_TRUE(query->add(*random_rows(random, 3000, i * 2'000'000).batch(true),
                                   Timestamp{0}, late));
            auto batch = *query->take_changes();
            f.tables.tables["t.c"] = RowsRef{batch->schema, {batch}};
            all += f.json("select * from t.c") + "--\n";
        }
        return all;
    };
    auto once = run();
    EXPECT_EQ(once, run());
    EXPECT_GT(once.size(), 1000u);
}

}  // namespace
}  // namespace tarn::sql
