// Models over the changes of a table that people change in every way, on a disk that crashes: in
// the end the table by a key and the groups are what a query over the source gives, also of a model
// over a model, and the log of changes adds up to the source.

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"
#include "tarn/sql/table_statement.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

constexpr const char* kTable = "shop.stock";

constexpr std::pair<const char*, const char*> kModels[] = {
    {"silver/log", R"({{ config(materialized='incremental', every='500ms', changes=true) }}
select _change_type, _commit_version, item, shop, pieces, price
from {{ source('shop', 'stock') }}
)"},
    {"silver/plenty", R"({{ config(materialized='incremental', every='500ms', changes=true,
         unique_key='item') }}
select item, upper(shop) as shop, pieces, price * 2 as twice
from {{ source('shop', 'stock') }} where pieces > 20
)"},
    {"gold/shops", R"({{ config(materialized='incremental', every='500ms', changes=true) }}
select shop, count(*) as items, sum(pieces) as pieces, min(price) as cheapest,
       max(price) as dearest, count(distinct pieces % 7) as kinds
from {{ source('shop', 'stock') }} s where item % 5 <> 0 group by s.shop
)"},
    {"gold/parts", R"({{ config(materialized='incremental', every='500ms', changes=true,
         partition_by='shop') }}
select shop, pieces > 50 as many, median(price) as middle from {{ source('shop', 'stock') }}
group by all having count(*) > 1
)"},
    {"gold/all", R"({{ config(materialized='incremental', every='500ms', changes=true) }}
select count(*) as items, max(pieces) as most from {{ source('shop', 'stock') }}
)"},
    {"gold/twice", R"({{ config(materialized='incremental', every='500ms', changes=true) }}
select shop, sum(twice) as twice, max(pieces) as most from {{ ref('plenty') }} group by shop
)"},
};

// Each must give nothing: what stands without what is to stand, and the other way round.
constexpr std::pair<const char*, const char*> kNaive[] = {
    {"select item, shop, pieces, twice from silver.plenty",
     "select item, upper(shop), pieces, price * 2 from shop.stock where pieces > 20"},
    {"select shop, items, pieces, cheapest, dearest, kinds from gold.shops",
     "select shop, count(*), sum(pieces), min(price), max(price), count(distinct pieces % 7) "
     "from shop.stock where item % 5 <> 0 group by shop"},
    {"select shop, many, middle from gold.parts",
     "select shop, pieces > 50, median(price) from "
     "(select * replace (nullif(shop, '') as shop) from shop.stock) group by all "
     "having count(*) > 1"},
    {"select items, most from gold.all", "select count(*), max(pieces) from shop.stock"},
    {"select shop, twice, most from gold.twice",
     "select shop, sum(twice), max(pieces) from silver.plenty group by shop"},
    {"select item, shop, pieces, price from (select item, shop, pieces, price, sum(case when "
     "_change_type in ('insert', 'update_postimage') then 1 else -1 end) as n from silver.log "
     "group by all), range(n::bigint)",
     "select item, shop, pieces, price from shop.stock"},
};

template <class T>
Status outcome(const Result<T>& result) {
    if (result) return {};
    return fail(Error(result.error()));
}

class ChangesWorld final : public TestPlatform {
  public:
    explicit ChangesWorld(uint64_t seed) : TestPlatform(seed) {
        options.journal_rewrite_bytes = 2 << 10;
        options.max_epoch_rows = random.chance(0.3) ? 10 : 200;
        make_project(false);
        EXPECT_TRUE(open());
        const bool vectors = random.chance(0.5), feed = random.chance(0.5);
        const auto made = run(fmt::format(
            "create table shop.stock (item bigint, shop varchar, pieces integer, price double) {} "
            "with ('delta.enableDeletionVectors'='{}', 'delta.enableChangeDataFeed'='{}', "
            "'delta.checkpointInterval'='4', 'delta.logRetentionDuration'='interval 10 seconds', "
            "'delta.deletedFileRetentionDuration'='interval 1 seconds')",
            random.chance(0.5) ? "partitioned by (shop)" : "", vectors, feed));
        EXPECT_TRUE(made) << made.error().message();
        EXPECT_TRUE(insert());
        close();
        make_project(true);
    }

    // Something happens to the table. False if the disk has crashed.
    bool change() {
        Status done;
        const auto lot = random.below(17);
        const auto some = fmt::format("item % {} = {}", 2 + random.below(9), random.below(2));
        if (lot < 4) {
            done = insert();
        } else if (lot < 6) {
            done = run(fmt::format("update shop.stock set pieces = (pieces + {}) % 100 where {}",
                                   random.below(60), some));
        } else if (lot == 6) {  // keys move, each to where another one was
            done =
                run("update shop.stock set item = case when item % 2 = 0 then item + 1 else "
                    "item - 1 end where item < 40");
        } else if (lot < 9) {
            done = run("delete from shop.stock where " + some);
        } else if (lot < 11) {
            done = run(fmt::format(
                "merge into shop.stock t using (select i as item, 'm' || i % 3 as shop, {} as "
                "pieces, i / 4.0 as price from range({}, {}) r(i)) s on t.item = s.item "
                "when matched and s.item % 4 = 0 then delete when matched then update set pieces = "
                "s.pieces, shop = s.shop when not matched then insert",
                random.below(100), next_ / 2, next_ / 2 + 1 + int64_t(random.below(12))));
            next_ += 40;
        } else if (lot == 11) {
            done =
                run("insert overwrite shop.stock select * replace (pieces + 1 as pieces) from "
                    "shop.stock where " +
                    some);
        } else if (lot == 12) {
            done =
                run("create or replace table shop.stock as select * from shop.stock where not "
                    "(" +
                    some + ")");
        } else if (lot == 13) {
            lake::OptimizeRequest optimize;
            optimize.table = kTable;
            done = outcome(lake().optimize(optimize));
        } else if (lot == 14) {
            const auto newest = lake().version(kTable);
            if (newest)
                done = outcome(lake().restore(
                    {.table = kTable,
                     .to = {.version = std::max<int64_t>(1, *newest - int64_t(random.below(4))),
                            .time = {}}}));
        } else {
            clock.advance(Duration::seconds(int64_t(random.below(2 * 3700))));
            done = outcome(lake().vacuum({.table = kTable, .retain = Duration{}, .force = true}));
        }
        made_ += done.has_value();
        if (!done && !disk.crashed()) {
            EXPECT_NE(done.error().code(), ErrorCode::kInvalidArgument) << done.error().message();
        }
        return !disk.crashed();
    }
    Status insert() {
        const auto first = next_;
        next_ += 1 + int64_t(random.below(20));
        return run(fmt::format(
            "insert into shop.stock select i, case i % 5 when 0 then '' when 1 then null else "
            "'s' || i % 5 end, i * 37 % 100, i / 8.0 from range({}, {}) r(i)",
            first, next_));
    }
    Status run(const std::string& sql) {
        auto at = context();
        TARN_TRY(auto statement, sql::parse_table_statement(at.engine, sql, false));
        if (!statement) return fail(ErrorCode::kInvalidArgument, "no statement: " + sql);
        return outcome(lake::run_statement(at.lake, at.engine, *statement));
    }
    lake::Lake& lake() { return context().lake; }

    // Catches up, and says what is not as it must be.
    std::string finish() {
        disk.crash_at_call(0);
        failpoints.disarm();
        if (!is_open())
            if (auto opened = open(); !opened) return opened.error().message();
        clock.advance(Duration::seconds(60));
        if (auto drained = drain(); !drained) return drained.error().message();
        auto sql = session().value();
        for (const auto& [stands, naive] : kNaive) {
            auto differs = sql->query_columns(fmt::format(
                "select (select count(*) from ({0} except all {1})) + (select count(*) from ({1} "
                "except all {0}))",
                stands, naive));
            if (!differs) return differs.error().message();
            if (const auto rows = differs->columns[0].values<int64_t>()[0]; rows > 0)
                return fmt::format("{} rows differ: {}", rows, stands);
        }
        for (const auto& table : lake().tables())
            if (auto whole = lake().verify(table); !whole) return whole.error().message();
        return "";
    }
    int made() const { return made_; }

  private:
    void make_project(bool models) {
        ManualClock c;
        io::SimulatedDisk d(1, c);
        for (const auto* folder : {"p/models/silver", "p/models/gold"})
            (void)d.create_folders(folder);
        (void)d.replace("p/tarn.yml", "name: simulation\n");
        for (const auto& [name, text] : kModels)
            if (models) (void)d.replace(fmt::format("p/models/{}.sql", name), text);
        auto loaded = project::load_project(d, "p");
        ASSERT_TRUE(loaded) << loaded.error().message();
        project() = *loaded;
    }

    int64_t next_ = 1;
    int made_ = 0;
};

bool live(ChangesWorld& world, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        world.clock.advance(Duration::millis(int64_t(world.random.below(900))));
        if (world.random.chance(0.7) && !world.change()) return false;
        for (const auto& [name, text] : kModels) {
            auto flow = std::string(name);
            flow[flow.find('/')] = '.';
            if (world.random.chance(0.05)) (void)world.runtime().pause(flow);
            if (world.random.chance(0.1)) (void)world.runtime().resume(flow);
        }
        if (world.random.chance(0.7) && !world.step()) return false;
        if (world.disk.crashed()) return false;
    }
    return true;
}

void resume_all(ChangesWorld& world) {
    if (!world.is_open() && !world.open()) return;
    for (const auto& flow : world.runtime().list())
        (void)world.runtime().resume(flow.name);
}

// Each is as long as several of the other simulation.
int seeds() {
    auto* text = std::getenv("TARN_SEEDS");
    return std::max(text ? std::atoi(text) / 8 : 3, 1);
}

TEST(ChangesSimulation, WithoutACrash) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()); ++seed) {
        ChangesWorld world(seed);
        const auto opened = world.open();
        ASSERT_TRUE(opened) << opened.error().message();
        ASSERT_TRUE(live(world, 30)) << "seed " << seed;
        resume_all(world);
        ASSERT_EQ(world.finish(), "") << "seed " << seed;
        EXPECT_GT(world.made(), 8);
    }
}

TEST(ChangesSimulation, CrashAtAnyCall) {
    for (uint64_t seed = 1; seed <= uint64_t(seeds()); ++seed) {
        ChangesWorld world(100 + seed);
        for (int life = 0; life < 3; ++life) {
            world.disk.crash_at_call(1 + world.random.below(900));
            if (world.open()) live(world, 15);
            world.crash();
        }
        world.disk.crash_at_call(0);
        resume_all(world);
        ASSERT_EQ(world.finish(), "") << "seed " << seed;
    }
}

TEST(ChangesSimulation, CrashAtEveryFailpoint) {
    std::map<std::string, uint64_t> hits;
    {
        ChangesWorld world(1);
        world.failpoints.record();
        ASSERT_TRUE(world.open());
        ASSERT_TRUE(live(world, 15));
        hits = world.failpoints.hits();
    }
    for (const auto* name : {"flow.plan.before", "flow.commit.table.rows.before",
                             "flow.commit.table.rows.after", "lake.before_commit"})
        EXPECT_TRUE(hits.contains(name)) << name << " is never hit";
    const uint64_t stride = seeds() >= 25 ? 1 : 5;
    uint64_t seed = 1000;
    for (const auto& [name, count] : hits) {
        if (++seed % stride != 0) continue;
        ChangesWorld world(seed);
        world.failpoints.arm(name, 1 + count / 3, [&world]() -> Status {
            world.disk.crash();
            return fail(ErrorCode::kCancelled, "simulated crash");
        });
        if (world.open()) live(world, 15);
        world.crash();
        resume_all(world);
        ASSERT_EQ(world.finish(), "") << "failpoint " << name << " seed " << seed;
    }
}

}  // namespace
}  // namespace tarn::flow
