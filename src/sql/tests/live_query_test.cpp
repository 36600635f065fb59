#include "tarn/sql/live_query.h"

#include <gtest/gtest.h>

#include "batches.h"
#include "memory_tables.h"
#include "tarn/sql/error_ids.h"

namespace tarn::sql {
namespace {

const std::vector<StreamSchema> kClicks = {{"clicks",
                                            {{"event_time", ColumnType::kTimestamp, false},
                                             {"page", ColumnType::kText, false},
                                             {"user_id", ColumnType::kInt64, false},
                                             {"amount", ColumnType::kDouble, false}}}};

std::unique_ptr<LiveQuery> compile(Fixture& f, std::string_view sql, Duration grace = {}) {
    auto query = LiveQuery::compile(std::move(*f.engine->session()), sql, kClicks, grace);
    if (!query) throw std::runtime_error(query.error().message());
    return std::move(*query);
}

struct Row {
    int64_t time;
    std::optional<std::string> page;
    std::optional<int64_t> user;
    double amount = 0;
};

std::shared_ptr<const codec::ColumnBatch> clicks(const std::vector<Row>& rows) {
    TestBatch batch(rows.size());
    std::vector<std::optional<int64_t>> times, users;
    std::vector<std::optional<std::string>> pages;
    std::vector<std::optional<double>> amounts;
    for (auto& r : rows) {
        times.push_back(r.time);
        pages.push_back(r.page);
        users.push_back(r.user);
        amounts.push_back(r.amount);
    }
    batch.text("page", pages);
    batch.add<int64_t>("event_time", ColumnType::kTimestamp, times);
    batch.add<int64_t>("user_id", ColumnType::kInt64, users);
    batch.add<double>("amount", ColumnType::kDouble, amounts);
    return batch.share();
}

// Through SQL, so that the text is made by the code that users see.
std::string show(Fixture& f, std::shared_ptr<const codec::ColumnBatch> batch) {
    f.tables.tables["test.changes"] = RowsRef{batch->schema, {batch}};
    return f.json("select * from test.changes");
}

constexpr int64_t kSecond = 1'000'000;
constexpr auto kEarly = Timestamp{std::numeric_limits<int64_t>::min()};

TEST(LiveQuery, LeavesOutRowsWithAValueThatIsRefused) {
    constexpr auto kSql =
        "select tumble(event_time, interval '5 seconds') as w, cast(page as int) % 3 as page, "
        "count(*) as views, sum(user_id) as total from stream('clicks') where cast(amount as int) "
        "< 8 group by w, 2";
    Fixture f;
    auto q = compile(f, kSql), good = compile(f, kSql);
    std::vector<Row> rows, good_rows;
    std::vector<uint32_t> bad, late, late_of_good, late_wanted;
    for (uint32_t i = 0; i < 5000; ++i) {
        const bool page = i % 977 == 5, amount = i % 1500 == 7, too_late = i % 640 == 3;
        rows.push_back({too_late ? -20 * kSecond : int64_t(i) * 1000,
                        page ? "x" : std::to_string(i), i, amount ? 1e300 : double(i % 10)});
        // What WHERE leaves out, and what is late, is not looked at further.
        const bool refused = amount || (page && i % 10 < 8 && !too_late);
        if (refused) {
            bad.push_back(i);
        } else {
            good_rows.push_back(rows.back());
            if (too_late && i % 10 < 8) late_wanted.push_back(i);
        }
    }
    std::vector<RefusedRow> refused;
    ASSERT_TRUE(q->add(*clicks(rows), Timestamp{0}, late, &refused));
    std::vector<uint32_t> found;
    for (const auto& row : refused) {
        found.push_back(row.row);
        EXPECT_EQ(row.why.find('\n'), row.why.npos);
        EXPECT_NE(row.why.find(rows[row.row].amount > 10 ? "1e+300" : "'x'"), row.why.npos)
            << row.why;
    }
    EXPECT_EQ(found, bad);
    EXPECT_EQ(late, late_wanted);
    ASSERT_TRUE(good->add(*clicks(good_rows), Timestamp{0}, late_of_good));
    EXPECT_EQ(show(f, *q->take_changes()), show(f, *good->take_changes()));
    auto plain = compile(f, kSql);
    auto error = plain->add(*clicks(rows), Timestamp{0}, late);
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().id(), errors::kSqlValue);
}

TEST(LiveQuery, LeavesOutGroupsWhoseResultDoesNotFit) {
    Fixture f;
    auto q = compile(f,
                     "select tumble(event_time, interval '5 seconds') as w, page, "
                     "sum(user_id)::bigint as total from stream('clicks') group by w, page");
    std::vector<uint32_t> late;
    ASSERT_TRUE(q->add(*clicks({{0, "/a", 1}, {0, "/b", INT64_MAX}, {0, "/b", 1}, {0, "/c", 2}}),
                       kEarly, late));
    std::vector<std::string> refused;
    EXPECT_EQ(show(f, *q->take_changes(&refused)),
              R"({"w":"1970-01-01T00:00:00.000000Z","page":"/a","total":1}
{"w":"1970-01-01T00:00:00.000000Z","page":"/c","total":2}
)");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_NE(refused[0].find("9223372036854775808"), std::string::npos) << refused[0];
    ASSERT_TRUE(q->add(*clicks({{0, "/b", -1}}), kEarly, late));
    EXPECT_EQ(show(f, *q->take_changes()),
              "{\"w\":\"1970-01-01T00:00:00.000000Z\",\"page\":\"/b\",\"total\":"
              "9223372036854775807}\n")
        << "it comes back when it fits";
}

TEST(LiveQuery, GivesTheTouchedGroupsOnly) {
    Fixture f;
    auto q =
        compile(f,
                "select tumble(event_time, interval '5 seconds') as w, page, count(*) as views, "
                "sum(user_id) as total from stream('clicks') group by w, page");
    EXPECT_EQ(q->info().stream, "clicks");
    EXPECT_EQ(q->info().event_time_column, "event_time");
    EXPECT_EQ(q->info().window_size, Duration::seconds(5));
    EXPECT_EQ(q->info().key, (std::vector<int>{0, 1}));
    EXPECT_EQ(q->info().window_start, 0);
    EXPECT_EQ(q->info().input.size(), 3u);
    std::vector<uint32_t> late;
    ASSERT_TRUE(q->add(
        *clicks({{0, "/a", 1}, {4 * kSecond, "/b", 2}, {5 * kSecond, "/a", 3}, {-1, "/a", 4}}),
        kEarly, late));
    EXPECT_EQ(show(f, *q->take_changes()),
              R"({"w":"1969-12-31T23:59:55.000000Z","page":"/a","views":1,"total":4}
{"w":"1970-01-01T00:00:00.000000Z","page":"/a","views":1,"total":1}
{"w":"1970-01-01T00:00:00.000000Z","page":"/b","views":1,"total":2}
{"w":"1970-01-01T00:00:05.000000Z","page":"/a","views":1,"total":3}
)");
    EXPECT_EQ((*q->take_changes())->row_count, 0u);
    ASSERT_TRUE(q->add(*clicks({{1, "/b", 10}, {2, "/b", 20}}), kEarly, late));
    EXPECT_EQ(show(f, *q->take_changes()),
              "{\"w\":\"1970-01-01T00:00:00.000000Z\",\"page\":\"/b\",\"views\":3,\"total\":32}\n");
    EXPECT_TRUE(late.empty());
    EXPECT_EQ(q->open_panes(), 3u);
    EXPECT_EQ(q->groups(), 4u);
    EXPECT_GT(q->memory_bytes(), 0u);
}

TEST(LiveQuery, LateRowsAreCountedNowhere) {
    Fixture f;
    auto q = compile(
        f,
        "select tumble(event_time, interval 5 second) as w, count(*) as n from stream('clicks') "
        "where page <> '/skip' group by w",
        Duration::seconds(1));
    std::vector<uint32_t> late;
    // The window [0, 5) closes when the watermark reaches 6 s.
    ASSERT_TRUE(q->add(*clicks({{0, "/a", 1}}), Timestamp{6 * kSecond - 1}, late));
    EXPECT_TRUE(late.empty());
    EXPECT_EQ(q->oldest_open_pane(), Timestamp{0});
    ASSERT_TRUE(q->add(
        *clicks({{0, "/a", 1}, {1, "/skip", 1}, {6 * kSecond, "/a", 1}, {4 * kSecond, "/a", 1}}),
        Timestamp{6 * kSecond}, late));
    EXPECT_EQ(late, (std::vector<uint32_t>{0, 3}));
    EXPECT_EQ(show(f, *q->take_changes()),
              "{\"w\":\"1970-01-01T00:00:00.000000Z\",\"n\":1}\n"
              "{\"w\":\"1970-01-01T00:00:05.000000Z\",\"n\":1}\n");
    ASSERT_TRUE(q->close_panes(Timestamp{6 * kSecond}));
    EXPECT_EQ(q->oldest_open_pane(), Timestamp{5 * kSecond});
    ASSERT_TRUE(q->close_panes(Timestamp{11 * kSecond}));
    EXPECT_EQ(q->open_panes(), 0u);
    EXPECT_EQ(q->oldest_open_pane().us, std::numeric_limits<int64_t>::max());
}

TEST(LiveQuery, GroupingSetsDistinctAndFilter) {
    Fixture f;
    auto q = compile(
        f,
        "select tumble(event_time, interval '5 seconds') as window_start, page, count(*) as views, "
        "count(distinct user_id) as users, count(*) filter (where user_id > 1) as big, "
        "count(distinct user_id) filter (where page = '/a') as a_users, sum(user_id) * 2 as twice "
        "from stream('clicks') group by grouping sets ((window_start), (window_start, page))");
    ASSERT_EQ(q->info().output.size(), 8u);
    EXPECT_EQ(q->info().output[7].name, "grouping_set");
    EXPECT_EQ(q->info().key, (std::vector<int>{0, 1, 7}));
    std::vector<uint32_t> late;
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(q->add(
            *clicks({{0, "/a", 1}, {1, "/b", 2}, {2, "/a", 2}, {3, std::nullopt, std::nullopt}}),
            kEarly, late));
    const std::string head = "{\"window_start\":\"1970-01-01T00:00:00.000000Z\",\"page\":";
    EXPECT_EQ(show(f, *q->take_changes()), head +
                                               "null,\"views\":8,\"users\":2,\"big\":4,\"a_users\":"
                                               "2,\"twice\":20,\"grouping_set\":0}\n" +
                                               head +
                                               "\"/"
                                               "a\",\"views\":4,\"users\":2,\"big\":2,\"a_users\":"
                                               "2,\"twice\":12,\"grouping_set\":1}\n" +
                                               head +
                                               "\"/"
                                               "b\",\"views\":2,\"users\":1,\"big\":2,\"a_users\":"
                                               "0,\"twice\":8,\"grouping_set\":1}\n" +
                                               head +
                                               "null,\"views\":2,\"users\":0,\"big\":0,\"a_users\":"
                                               "0,\"twice\":null,\"grouping_set\":1}\n");
}

TEST(LiveQuery, RefusesByName) {
    Fixture f;
    auto refusal = [&](const std::string& sql) {
        auto q = LiveQuery::compile(std::move(*f.engine->session()), sql, kClicks, {});
        if (q) return std::string("compiled");
        EXPECT_EQ(q.error().code(), ErrorCode::kUnsupported) << q.error().message();
        return q.error().message();
    };
    const std::string w = "tumble(event_time, interval '5 seconds')";
    const std::string from = " from stream('clicks') ";
    auto expect = [&](const std::string& sql, const std::string& part) {
        EXPECT_NE(refusal(sql).find(part), std::string::npos) << sql << " → " << refusal(sql);
    };
    expect("select page, count(*)" + from + "group by page", "needs a window");
    expect("select * " + from, "needs GROUP BY");
    expect("select " + w + " as w, count(*)" + from + "group by w order by w", "ORDER BY");
    expect("select " + w + " as w, count(*)" + from + "group by w limit 3", "LIMIT");
    expect("select " + w + " as w, count(*)" + from + "group by w having count(*) > 1", "HAVING");
    expect("select distinct " + w + " as w, count(*)" + from + "group by w", "DISTINCT");
    expect("select " + w + " as w, count(*)" + from + "a join (values (1)) t(x) on true group by w",
           "joins");
    expect("select " + w + " as w, sum(count(*)) over ()" + from + "group by w",
           "window functions");
    expect("select " + w + " as w, sum(random())" + from + "group by w", "random");
    expect("select " + w + " as w, count(*)" + from + "where event_time < now() group by w",
           "cannot use the function");
    expect("select " + w + " as w, first(page)" + from + "group by w", "first");
    expect("select " + w + " as w, string_agg(page, ',')" + from + "group by w", "string_agg");
    expect("select " + w + " as w, list(page)" + from + "group by w", "list");
    expect("select " + w + " as w, count(*)" + from + "group by w, page", "not in the SELECT list");
    expect("select " + w + " as w, page, count(*)" + from + "group by grouping sets ((w), (page))",
           "without the window");
    expect("select tumble(event_time + interval 1 second, interval 5 second) as w, count(*)" +
               from + "group by w",
           "TIMESTAMPTZ column");
    expect("select " + w + " as w, count(*) from (select *" + from + ") group by w", "subquery");
    auto error = LiveQuery::compile(std::move(*f.engine->session()),
                                    "select tumble(event_time, interval '1 month') as w, count(*)" +
                                        from + "group by w",
                                    kClicks, {})
                     .error();
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(error.message().find("months"), std::string::npos);
}

TEST(LiveQuery, TheseAggregatesCompile) {
    Fixture f;
    for (std::string a :
         {"count(*)", "count(page)", "sum(amount)", "avg(amount)", "min(page)", "max(amount)",
          "stddev(amount)", "median(amount)", "approx_count_distinct(user_id)",
          "bool_and(user_id > 0)", "quantile_cont(amount, 0.9)", "min(distinct page)",
          "sum(distinct user_id)"}) {
        auto q = LiveQuery::compile(std::move(*f.engine->session()),
                                    "select tumble(event_time, interval 5 second) as w, " + a +
                                        " as v from stream('clicks') group by w",
                                    kClicks, {});
        EXPECT_TRUE(q) << a << ": " << q.error().message();
    }
}

}  // namespace
}  // namespace tarn::sql
