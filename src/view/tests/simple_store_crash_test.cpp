// The simple store on a disk that loses what was not synced: after a crash at any call a view
// stands at the last epoch that was acknowledged, or the one after it whole, and goes on.

#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"
#include "view_rows.h"

namespace tarn::view {
namespace {

constexpr int64_t kEpochs = 60;

// Epoch e writes its number under a few keys, and removes windows older than 20 epochs.
std::vector<Row> rows_of_epoch(int64_t epoch) {
    std::vector<Row> rows;
    for (int64_t i = 0; i < 8; ++i)
        rows.push_back({epoch / 4, "page " + std::to_string(i) + std::string(400, 'x'), epoch, {}});
    return rows;
}

// What a view holds after the epochs up to and including `epoch`.
std::string expected(int64_t epoch) {
    io::Failpoints failpoints;
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    auto store = open_simple_store("v", disk, failpoints).value();
    auto view = store->open_view(page_view()).value();
    for (int64_t e = 0; e <= epoch; ++e) {
        EXPECT_TRUE(view->commit({.epoch = e,
                                  .upserts = rows_of(rows_of_epoch(e)),
                                  .remove_before = Timestamp{(e / 4 - 5) * 1'000'000},
                                  .time = {e}}));
    }
    return scan_text(*view);
}

// Commits on from where the view stands. Returns the last epoch acknowledged.
int64_t run(io::SimulatedDisk& disk, io::Failpoints& failpoints, int64_t acknowledged) {
    auto store = open_simple_store("v", disk, failpoints);
    if (!store) return acknowledged;
    auto view = (*store)->open_view(page_view());
    if (!view) return acknowledged;
    auto standing = (*view)->state().epoch;
    EXPECT_GE(standing, acknowledged) << "a crash took an acknowledged epoch";
    EXPECT_LE(standing, acknowledged + 1);
    for (int64_t e = standing + 1; e < kEpochs; ++e) {
        auto status = (*view)->commit({.epoch = e,
                                       .upserts = rows_of(rows_of_epoch(e)),
                                       .remove_before = Timestamp{(e / 4 - 5) * 1'000'000},
                                       .time = {e}});
        if (!status) return e - 1 > acknowledged ? e - 1 : acknowledged;
    }
    return kEpochs - 1;
}

TEST(SimpleStoreCrash, AtAnyCall) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        ManualClock clock;
        io::Failpoints failpoints;
        io::SimulatedDisk disk(seed, clock);
        Random random(seed);
        int64_t acknowledged = -1;
        for (int crashes = 0; crashes < 3; ++crashes) {
            disk.crash_at_call(1 + random.below(60));
            acknowledged = run(disk, failpoints, acknowledged);
            if (!disk.crashed()) disk.crash();
            disk.restart();
        }
        disk.crash_at_call(0);
        auto store = open_simple_store("v", disk, failpoints);
        ASSERT_TRUE(store) << "seed " << seed << ": " << store.error().message();
        if (auto view = (*store)->find("live.pages"))
            ASSERT_EQ(scan_text(*view), expected(view->state().epoch)) << "seed " << seed;
        else
            ASSERT_EQ(acknowledged, -1) << "seed " << seed;
        store->reset();
        ASSERT_EQ(run(disk, failpoints, acknowledged), kEpochs - 1) << "seed " << seed;
    }
}

TEST(SimpleStoreCrash, AtEveryFailpoint) {
    io::Failpoints recorded;
    recorded.record();
    {
        ManualClock clock;
        io::SimulatedDisk disk(1, clock);
        ASSERT_EQ(run(disk, recorded, -1), kEpochs - 1);
    }
    auto hits = recorded.hits();
    for (auto name : {"view.create.before", "view.create.after", "view.commit.before_write",
                      "view.commit.before_sync", "view.commit.after_sync", "view.rewrite.before",
                      "view.rewrite.after"}) {
        ASSERT_TRUE(hits.contains(name)) << name << " is never hit";
        for (uint64_t nth = 1; nth <= std::min<uint64_t>(hits[name], 4); ++nth) {
            ManualClock clock;
            io::Failpoints failpoints;
            io::SimulatedDisk disk(nth, clock);
            failpoints.arm(name, nth, [&]() -> Status {
                disk.crash();
                return fail(ErrorCode::kCancelled, "simulated crash");
            });
            auto acknowledged = run(disk, failpoints, -1);
            ASSERT_TRUE(disk.crashed()) << name;
            failpoints.disarm();
            disk.restart();
            ASSERT_EQ(run(disk, failpoints, acknowledged), kEpochs - 1) << name << ":" << nth;
        }
    }
}

TEST(SimpleStoreCrash, DamageBeforeTheTailIsSaid) {
    ManualClock clock;
    io::Failpoints failpoints;
    io::SimulatedDisk disk(1, clock);
    ASSERT_EQ(run(disk, failpoints, -1), kEpochs - 1);
    ASSERT_TRUE(disk.rot("v/live.pages.view", 200));
    auto store = open_simple_store("v", disk, failpoints);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code(), ErrorCode::kCorrupted);
}

TEST(SimpleStoreCrash, AFullDiskRefusesAndLaterGoesOn) {
    ManualClock clock;
    io::Failpoints failpoints;
    io::SimulatedDisk disk(1, clock);
    auto store = open_simple_store("v", disk, failpoints).value();
    auto view = store->open_view(page_view()).value();
    ASSERT_TRUE(view->commit(
        {.epoch = 0, .upserts = rows_of({{1, "a", 1, {}}}), .remove_before = {}, .time = {}}));
    disk.set_faults({.capacity_bytes = disk.used_bytes() + 100});
    auto big = rows_of({{1, std::string(10'000, 'x'), 1, {}}});
    auto full = view->commit({.epoch = 1, .upserts = big, .remove_before = {}, .time = {}});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(scan_text(*view), "1 a 1 -");
    disk.set_faults({});
    ASSERT_TRUE(view->commit(
        {.epoch = 1, .upserts = rows_of({{2, "b", 2, {}}}), .remove_before = {}, .time = {}}));
    store.reset();
    store = open_simple_store("v", disk, failpoints).value();
    EXPECT_EQ(scan_text(*store->find("live.pages")), "1 a 1 -; 2 b 2 -");
}

}  // namespace
}  // namespace tarn::view
