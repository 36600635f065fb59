// State rows merged batch by batch give what DuckDB computes over all rows at once.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "batches.h"
#include "tarn/base/ids.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/sql/mergeable_query.h"
#include "tarn/sql/statement.h"

namespace tarn::sql {
namespace {

using codec::ColumnType;

struct World {
    ManualClock clock;
    io::SimulatedDisk disk{1, clock};
    std::unique_ptr<Engine> engine =
        Engine::open({.memory_bytes = 256 << 20, .threads = 1, .spill_folder = {}}, disk, nullptr)
            .value();
};

const StreamSchema kClicks{"clicks",
                           {{"t", ColumnType::kTimestamp, true},
                            {"s", ColumnType::kText, false},
                            {"page", ColumnType::kText, false},
                            {"n", ColumnType::kInt64, false},
                            {"x", ColumnType::kDouble, false}}};

struct Click {
    int64_t t;
    std::optional<std::string> s, page;
    int64_t n;
};

BatchPtr batch(std::span<const Click> clicks) {
    auto out = std::make_shared<codec::ColumnBatch>();
    out->schema = kClicks.columns;
    out->row_count = clicks.size();
    std::vector<codec::ColumnBuilder> builders;
    for (auto& column : out->schema)
        builders.emplace_back(column.type);
    for (auto& c : clicks) {
        builders[0].add_int(c.t);
        c.s ? builders[1].add_text(*c.s) : builders[1].add_null();
        c.page ? builders[2].add_text(*c.page) : builders[2].add_null();
        builders[3].add_int(c.n);
        builders[4].add_double(double(c.n) / 4);
    }
    for (auto& builder : builders)
        out->columns.push_back(builder.finish(*out));
    return out;
}

std::string cell(const codec::ColumnBatch& rows, size_t column, size_t row) {
    auto& c = rows.columns[column];
    if (c.is_null(row)) return "NULL";
    switch (c.type.kind()) {
        case ColumnType::kDecimal:
            return codec::decimal_text(c.values<codec::Int128>()[row], c.type.scale());
        case ColumnType::kText:
            return std::string(c.text(row));
        case ColumnType::kDouble:
            return std::to_string(c.values<double>()[row]);
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
            return std::to_string(c.values<int64_t>()[row]);
        case ColumnType::kInt32:
        case ColumnType::kDate:
            return std::to_string(c.values<int32_t>()[row]);
        case ColumnType::kBool:
            return c.values<uint8_t>()[row] ? "true" : "false";
        default:
            return "?";
    }
}

std::vector<std::string> lines(const codec::ColumnBatch& rows) {
    std::vector<std::string> out;
    for (size_t row = 0; row < rows.row_count; ++row) {
        std::string line;
        for (size_t c = 0; c < rows.columns.size(); ++c)
            line += cell(rows, c, row) + "|";
        out.push_back(line);
    }
    std::ranges::sort(out);
    return out;
}

std::vector<Click> random_clicks(Random& random, size_t n, int64_t span_us) {
    std::vector<Click> out;
    for (size_t i = 0; i < n; ++i) {
        Click c{int64_t(random.below(uint64_t(span_us))), "s" + std::to_string(random.below(6)),
                "page " + std::to_string(random.below(9)), int64_t(i)};
        if (random.chance(0.05)) c.s.reset();
        if (random.chance(0.1)) c.page.reset();
        out.push_back(c);
    }
    return out;
}

TEST(MergeableQuery, GroupsEqualBatchSql) {
    World world;
    const std::string select =
        "select s as who, count(*) as n, count(page) as pages, sum(n) as total, sum(x) as half, "
        "sum(n::decimal(9, 2) / 4) as share, sum(n::decimal(9, 2)) as money, max(n::decimal(9, 2)) "
        "as most, sum(n + 9223372036854775000) as past, "
        "min(t) as "
        "since, max(page) as last_page, arg_max(page, n) as newest, arg_min(page, n) filter (where "
        "n % "
        "2 = 0) as oldest_even, bool_or(n > 5) as many from stream('clicks') where n % 7 <> 3 "
        "group by s";
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        auto clicks = random_clicks(random, 200, 1'000'000'000);
        auto query = MergeableQuery::compile(*world.engine, select, kClicks);
        ASSERT_TRUE(query) << query.error().message();
        std::vector<BatchPtr> state;
        for (size_t at = 0; at < clicks.size();) {
            auto n = std::min(clicks.size() - at, size_t(1 + random.below(60)));
            auto added = (*query)->partial({batch(std::span(clicks).subspan(at, n))});
            ASSERT_TRUE(added) << added.error().message();
            state.push_back(*added);
            auto merged = (*query)->merge(state);
            ASSERT_TRUE(merged) << merged.error().message();
            state = {*merged};
            at += n;
        }
        auto out = (*query)->finish(state);
        ASSERT_TRUE(out) << out.error().message();
        auto statement =
            StreamStatement::compile(world.engine->session().value(), select, {&kClicks, 1});
        ASSERT_TRUE(statement);
        auto naive = (*statement)->run({{"clicks", {batch(clicks)}}});
        ASSERT_TRUE(naive) << naive.error().message();
        EXPECT_EQ(lines(**out), lines(**naive)) << "seed " << seed;
    }
}

TEST(MergeableQuery, SessionsEqualANaiveWalk) {
    World world;
    constexpr int64_t kGap = 30'000'000;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        Random random(seed);
        auto clicks = random_clicks(random, 150, 100'000'000 * int64_t(1 + seed % 8));
        auto query = MergeableQuery::compile(
            *world.engine,
            "select session(t, interval '30 seconds') as started, s, count(*) as n, max(t) as "
            "ended, "
            "arg_max(page, n) as exit_page from stream('clicks') group by all",
            kClicks);
        ASSERT_TRUE(query) << query.error().message();
        ASSERT_EQ((*query)->info().session->gap.us, kGap);
        std::vector<BatchPtr> state;
        for (size_t at = 0; at < clicks.size();) {
            auto n = std::min(clicks.size() - at, size_t(1 + random.below(40)));
            state.push_back((*query)->partial({batch(std::span(clicks).subspan(at, n))}).value());
            auto merged = (*query)->merge(state);
            ASSERT_TRUE(merged) << merged.error().message();
            state = {*merged};
            at += n;
        }
        auto out = (*query)->finish(state);
        ASSERT_TRUE(out) << out.error().message();
        std::map<std::string, std::vector<Click>> by_key;
        for (auto& c : clicks)
            by_key[c.s.value_or("NULL")].push_back(c);
        std::vector<std::string> naive;
        for (auto& [key, rows] : by_key) {
            std::ranges::sort(rows, {}, &Click::t);
            for (size_t i = 0; i < rows.size();) {
                size_t end = i + 1;
                while (end < rows.size() && rows[end].t - rows[end - 1].t <= kGap)
                    ++end;
                const Click* last = nullptr;
                for (size_t k = i; k < end; ++k)
                    if (rows[k].page && (!last || rows[k].n > last->n)) last = &rows[k];
                naive.push_back(std::to_string(rows[i].t) + "|" + key + "|" +
                                std::to_string(end - i) + "|" + std::to_string(rows[end - 1].t) +
                                "|" + (last ? *last->page : "NULL") + "|");
                i = end;
            }
        }
        std::ranges::sort(naive);
        EXPECT_EQ(lines(**out), naive) << "seed " << seed;
    }
}

TEST(MergeableQuery, TellsWhatItCannotMerge) {
    World world;
    const std::pair<const char*, const char*> cases[] = {
        {"select s, median(n) as a from stream('clicks') group by s",
         "median(): it needs all values"},
        {"select s, median(n) as a from stream('clicks') group by all",
         "median(): it needs all values"},
        {"select s, stddev(n) as a from stream('clicks') group by all", "stddev(): keep count"},
        {"select s, avg(n) as a from stream('clicks') group by s", "avg(): keep sum and count"},
        {"select s, count(distinct page) as p from stream('clicks') group by s",
         "DISTINCT inside count()"},
        {"select s, count(*) + 1 as p from stream('clicks') group by s",
         "an expression over aggregates"},
        {"select s, count(*) as p from stream('clicks') group by s having count(*) > 1", "HAVING"},
        {"select s, count(*) as p from stream('clicks') group by s order by p", "ORDER BY"},
        {"select count(*) as p from stream('clicks') group by s", "not in the SELECT list: s"},
        {"select s, max([n]) as p from stream('clicks') group by s", "max() of BIGINT[]"},
        {"select session(t, interval '1 month') as b, count(*) as n from stream('clicks') group by "
         "1",
         "gap of session()"},
    };
    for (auto& [sql, text] : cases) {
        auto query = MergeableQuery::compile(*world.engine, sql, kClicks);
        ASSERT_FALSE(query) << sql;
        EXPECT_NE(query.error().message().find(text), std::string::npos) << query.error().message();
    }
    EXPECT_TRUE(MergeableQuery::is_aggregate("select count(*) from stream('x')").value());
    EXPECT_TRUE(MergeableQuery::is_aggregate("select a from stream('x') group by all").value());
    EXPECT_FALSE(MergeableQuery::is_aggregate("select a, upper(b) from stream('x')").value());
}

TEST(MergeableQuery, ResumesFromItsOutput) {
    World world;
    auto query = MergeableQuery::compile(
        *world.engine, "select s, count(*) as n, min(t) as since from stream('clicks') group by s",
        kClicks);
    ASSERT_TRUE(query) << query.error().message();
    EXPECT_FALSE((*query)->not_mergeable_from_output());
    const Click first[] = {{5, "a", "p", 1}, {9, "b", "p", 2}}, second[] = {{2, "a", "p", 3}};
    auto kept = (*query)->finish({(*query)->partial({batch(first)}).value()}).value();
    auto merged = (*query)->merge(
        {(*query)->resume({kept}).value(), (*query)->partial({batch(second)}).value()});
    ASSERT_TRUE(merged) << merged.error().message();
    EXPECT_EQ(lines(*(*query)->finish({*merged}).value()),
              (std::vector<std::string>{"a|2|2|", "b|1|9|"}));
}

}  // namespace
}  // namespace tarn::sql
