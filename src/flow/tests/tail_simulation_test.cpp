// What SQL reads of a topic's table with its tail, at any moment, whatever the flow does meanwhile
// and whatever is struck: of each partition the rows of the log from its beginning on, each once,
// at least all that was acknowledged before, and as the flow commits them in the end.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "world.h"

namespace tarn::flow {
namespace {

// Rows by place, without what is made when they are committed.
using Rows = std::multimap<Place, std::string>;

struct Seen {
    Rows rows;
    std::map<int32_t, int64_t> acknowledged;  // by partition, the offset behind the last
    int64_t uncommitted = 0;
};

Result<Rows> rows_of(sql::Session& sql, std::string_view table, int64_t* uncommitted = nullptr) {
    TARN_TRY(auto rows,
             sql.query_columns(
                 "select _partition, _offset, cast(struct_pack(event_time, page, \"user\", price, "
                 "id, _topic, _timestamp, _key, _extra) as varchar), _batch_id is null and "
                 "_ingested_at is not null and _date is not null and _hour is not null from " +
                 std::string(table) + " where (select count(*) from silver.clicks) >= 0"));
    Rows out;
    for (size_t i = 0; i < rows.row_count; ++i) {
        out.emplace(
            Place{rows.columns[0].values<int32_t>()[i], rows.columns[1].values<int64_t>()[i]},
            std::string(rows.columns[2].text(i)));
        if (uncommitted) *uncommitted += rows.columns[3].values<uint8_t>()[i] != 0;
    }
    return out;
}

// Empty, or what is wrong.
std::string look(World& world, std::vector<Seen>& all) {
    auto sql = world.tail_session();
    if (!sql) return sql.error().message();
    Seen seen;
    for (const auto& [place, value] : world.acknowledged)
        seen.acknowledged[place.first] = std::max(seen.acknowledged[place.first], place.second + 1);
    // While the statement is bound flows commit and more is produced.
    int turns = int(world.random.below(4));
    world.while_bound = [&] {
        if (turns-- <= 0) return;
        if (world.random.chance(0.5)) (void)world.produce();
        (void)world.step();
    };
    auto rows = rows_of(**sql, "bronze.clicks", &seen.uncommitted);
    // Silver is made of bronze, and read at the same moment.
    turns = int(world.random.below(4));
    const auto strange = (*sql)->query_columns(
        "select count(*) from silver.clicks s anti join bronze.clicks b on "
        "b._partition = s._partition and b._offset = s._offset");
    world.while_bound = {};
    if (!strange) return world.disk.crashed() ? "" : strange.error().message();
    if (strange->columns[0].values<int64_t>()[0] != 0) return "silver has what bronze has not";
    if (!rows) return world.disk.crashed() ? "" : rows.error().message();
    seen.rows = std::move(*rows);
    all.push_back(std::move(seen));
    return "";
}

std::string check(const Seen& seen, const Rows& committed) {
    std::map<int32_t, int64_t> ends;
    for (const auto& [place, row] : seen.rows)
        ends[place.first] = std::max(ends[place.first], place.second + 1);
    for (const auto& [partition, end] : seen.acknowledged)
        ends[partition] = std::max(ends[partition], end);
    Rows wanted;
    for (const auto& [place, row] : committed)
        if (place.second < ends[place.first]) wanted.emplace(place, row);
    if (wanted == seen.rows) return "";
    for (const auto& [place, row] : wanted)
        if (seen.rows.count(place) != 1 || seen.rows.find(place)->second != row)
            return std::to_string(place.first) + ":" + std::to_string(place.second) + " stands " +
                   std::to_string(seen.rows.count(place)) + " times, wanted " + row;
    return "there are rows that are never committed";
}

struct Counts {
    int64_t looks = 0, uncommitted = 0, rebuilds = 0;
};

// Produces, steps, pauses, rebuilds and looks until something fails or `rounds` have passed.
std::string live(World& world, int rounds, std::vector<Seen>& seen, Counts& counts) {
    for (int i = 0; i < rounds && !world.disk.crashed(); ++i) {
        world.clock.advance(Duration::millis(int64_t(world.random.below(900))));
        if (world.random.chance(0.8) && !world.produce()) return "";
        if (world.random.chance(0.1)) (void)world.runtime().pause("clicks.table");
        if (world.random.chance(0.2)) (void)world.runtime().resume("clicks.table");
        if (world.random.chance(0.05))
            counts.rebuilds += world.runtime().rebuild("clicks.table", false).has_value();
        for (auto n = world.random.below(3); n > 0; --n)
            if (!world.step()) return "";
        if (world.random.chance(0.4))
            if (auto wrong = look(world, seen); !wrong.empty()) return wrong;
    }
    return "";
}

void run(uint64_t seed, int lives, Counts& counts) {
    World world(seed);
    world.rebuilds = true;
    std::vector<Seen> seen;
    for (int life = 0; life < lives; ++life) {
        if (lives > 1) world.disk.crash_at_call(1 + world.random.below(life == 0 ? 700 : 500));
        if (world.open()) {
            ASSERT_EQ(live(world, 25, seen, counts), "") << "seed " << seed;
        }
        if (lives > 1) world.crash();
    }
    world.disk.crash_at_call(0);
    if (!world.is_open()) {
        ASSERT_TRUE(world.open());
    }
    // A rebuild under way leaves a flow paused that was so when it began.
    for (int i = 0; i < 300; ++i) {
        (void)world.runtime().resume("clicks.table");
        ASSERT_TRUE(world.step());
    }
    ASSERT_EQ(finish(world), "") << "seed " << seed;
    ASSERT_EQ(look(world, seen), "");
    auto sql = world.session();
    ASSERT_TRUE(sql);
    auto committed = rows_of(**sql, "bronze.clicks");
    ASSERT_TRUE(committed) << committed.error().message();
    for (size_t i = 0; i < seen.size(); ++i)
        ASSERT_EQ(check(seen[i], *committed), "") << "seed " << seed << " look " << i;
    for (const auto& one : seen)
        counts.uncommitted += one.uncommitted;
    counts.looks += int64_t(seen.size());
}

uint64_t seeds(int otherwise) {
    const auto* text = std::getenv("TARN_SEEDS");
    return uint64_t(text ? std::atoi(text) : otherwise);
}

TEST(TailSimulation, WithoutACrash) {
    Counts counts;
    for (uint64_t seed = 1; seed <= seeds(8); ++seed)
        run(seed, 1, counts);
    EXPECT_GT(counts.looks, 3 * int64_t(seeds(8)));
    EXPECT_GT(counts.uncommitted, 50 * int64_t(seeds(8))) << "there was a tail to read";
    EXPECT_GT(counts.rebuilds, int64_t(seeds(8)) / 4);
}

TEST(TailSimulation, CrashAtAnyCall) {
    Counts counts;
    for (uint64_t seed = 1001; seed <= 1000 + seeds(8); ++seed)
        run(seed, 4, counts);
    EXPECT_GT(counts.looks, 3 * int64_t(seeds(8)));
    EXPECT_GT(counts.uncommitted, 50 * int64_t(seeds(8)));
}

}  // namespace
}  // namespace tarn::flow
