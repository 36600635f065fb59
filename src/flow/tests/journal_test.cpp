#include "journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

constexpr const char* kPath = "state/f/journal";

JournalHeader header() {
    JournalHeader h{.flow = "f", .generation = "g", .start_offsets = {0, 7}};
    h.source.bytes[3] = 9;
    return h;
}

EpochPlan plan(int64_t epoch) {
    return {.epoch = epoch,
            .batch_time = {epoch * 1000 + 5},
            .watermark = epoch == 0 ? kNoWatermark : Timestamp{epoch * 100},
            .before = {.rows_in = epoch, .rows_out = 2, .late = 3, .early = 1, .quarantined = -4},
            .ranges = {{0, epoch * 10, epoch * 10 + 10}, {1, epoch * 5 + 7, epoch * 5 + 12}}};
}

EpochDone done(int64_t epoch, int64_t needed) {
    return {.epoch = epoch,
            .watermark = {epoch * 100 + 100},
            .after = {.rows_in = epoch + 1},
            .needed = needed,
            .next = {epoch * 10 + 10, epoch * 5 + 12}};
}

struct World {
    explicit World(uint64_t seed) : disk(seed, clock) {}
    std::unique_ptr<Journal> open() {
        auto journal = Journal::open(disk, failpoints, kPath);
        EXPECT_TRUE(journal) << journal.error().message();
        return journal ? std::move(*journal) : nullptr;
    }
    std::unique_ptr<Journal> create() {
        auto journal = Journal::create(disk, failpoints, kPath, header());
        EXPECT_TRUE(journal) << journal.error().message();
        return std::move(*journal);
    }
    ManualClock clock;
    io::SimulatedDisk disk;
    io::Failpoints failpoints;
};

TEST(Journal, WhatWasPlannedIsReadBack) {
    World w(1);
    EXPECT_EQ(w.open(), nullptr);
    auto journal = w.create();
    for (int64_t e = 0; e < 5; ++e) {
        ASSERT_TRUE(journal->plan(plan(e)));
        journal->set_done(done(e, 2));
    }
    auto read = w.open();
    EXPECT_EQ(read->header(), header());
    EXPECT_EQ(read->done(), done(3, 2)) << "the last done record had nothing to go out with";
    EXPECT_EQ(read->needed(), 2);
    EXPECT_THAT(read->plans(), testing::ElementsAre(plan(2), plan(3), plan(4)));
    ASSERT_TRUE(journal->flush());
    EXPECT_EQ(w.open()->done(), done(4, 2));
}

TEST(Journal, ACrashTakesNoPlanThatWasAcknowledged) {
    for (uint64_t seed = 1; seed <= 300; ++seed) {
        World w(seed);
        w.create();
        int64_t acknowledged = -1;
        for (int life = 0; life < 3; ++life) {
            w.disk.crash_at_call(1 + seed % 17 + uint64_t(life) * 5);
            if (auto journal = Journal::open(w.disk, w.failpoints, kPath)) {
                for (auto e = acknowledged + 1; (*journal)->plan(plan(e)); ++e) {
                    acknowledged = e;
                    (*journal)->set_done(done(e, std::max<int64_t>(0, e - 2)));
                    if (!(*journal)->forget(64 << 10)) break;
                }
            }
            if (!w.disk.crashed()) w.disk.crash();
            w.disk.restart();
            auto read = w.open();
            ASSERT_TRUE(read) << "seed " << seed;
            auto newest = read->plans().empty() ? -1 : read->plans().back().epoch;
            ASSERT_GE(newest, acknowledged) << "seed " << seed;
            ASSERT_LE(newest, acknowledged + 1) << "seed " << seed;
            ASSERT_GE(read->done().epoch, newest - 1) << "seed " << seed;
            if (newest >= 0) {
                ASSERT_EQ(read->plans().back(), plan(newest)) << "seed " << seed;
            }
            acknowledged = newest;
        }
    }
}

TEST(Journal, ItIsRewrittenWithWhatIsNeeded) {
    World w(1);
    auto journal = w.create();
    for (int64_t e = 0; e < 5000; ++e) {
        ASSERT_TRUE(journal->plan(plan(e)));
        ASSERT_TRUE(journal->forget(64 << 10));
        journal->set_done(done(e, std::max<int64_t>(0, e - 9)));
    }
    EXPECT_LT(w.disk.stat(kPath)->size, 100u << 10);
    ASSERT_TRUE(journal->flush());
    auto read = w.open();
    EXPECT_EQ(read->plans().front(), plan(4990));
    EXPECT_EQ(read->plans().back(), plan(4999));
    EXPECT_EQ(read->done(), done(4999, 4990));
}

TEST(Journal, DamageAndNewerVersionsAreSaid) {
    World w(1);
    auto journal = w.create();
    for (int64_t e = 0; e < 20; ++e) {
        ASSERT_TRUE(journal->plan(plan(e)));
        journal->set_done(done(e, 0));
    }
    ASSERT_TRUE(w.disk.rot(kPath, 150));
    EXPECT_EQ(Journal::open(w.disk, w.failpoints, kPath).error().code(), ErrorCode::kCorrupted);
    ASSERT_TRUE(w.disk.replace(kPath, std::string("TARNFLOW\3\0\0\0", 12)));
    EXPECT_EQ(Journal::open(w.disk, w.failpoints, kPath).error().code(), ErrorCode::kUnsupported);
}

TEST(Journal, AFullDiskRefusesAPlanAndTakesItLater) {
    World w(1);
    auto journal = w.create();
    w.disk.set_faults({.capacity_bytes = w.disk.used_bytes() + 4096});
    int64_t epoch = 0;
    Status full;
    while (epoch < 1000 && (full = journal->plan(plan(epoch))))
        ++epoch;
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::kResourceExhausted);
    w.disk.set_faults({});
    ASSERT_TRUE(journal->plan(plan(epoch)));
    auto read = w.open();
    EXPECT_EQ(read->plans().back(), plan(epoch));
    EXPECT_EQ(read->plans().size(), size_t(epoch) + 1);
}

}  // namespace
}  // namespace tarn::flow
