#include "journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

constexpr const char* kPath = "state/f/journal";

JournalHeader header() {
    JournalHeader h{.flow = "f",
                    .generation = "g",
                    .sources = {{.node = topic_node("clicks"), .start = {{0}, {7}}},
                                {.node = table_node("silver.clicks"), .start = {{3, 1}}}}};
    h.sources[0].id.bytes[3] = 9;
    return h;
}

EpochPlan plan(int64_t epoch) {
    return {.epoch = epoch,
            .batch_time = {epoch * 1000 + 5},
            .watermark = epoch == 0 ? kNoWatermark : Timestamp{epoch * 100},
            .before = {.rows_in = epoch, .rows_out = 2, .late = 3, .early = 1, .rejected = -4},
            .ranges = {{0, 0, {epoch * 10}, {epoch * 10 + 10}, {{epoch - 1}, {epoch}}},
                       {0, 1, {epoch * 5 + 7}, {epoch * 5 + 12}},
                       {1, 0, {epoch + 3, 1}, {epoch + 4, epoch % 3}}},
            .versions = {{"contract:clicks", epoch / 3}, {"key:tenants", 2}},
            .by_epoch = epoch % 2 == 1,
            .log_time = {{epoch * 7}, epoch == 0 ? kNoTime : Timestamp{epoch + 9}},
            .partitions = {2, 1}};
}

EpochDone done(int64_t epoch, int64_t needed) {
    return {.epoch = epoch,
            .watermark = {epoch * 100 + 100},
            .after = {.rows_in = epoch + 1},
            .needed = needed,
            .next = {{{epoch * 10 + 10}, {epoch * 5 + 12}}, {{epoch + 4, epoch % 3}}},
            .log_time = {{epoch * 7 + 7}, {epoch + 10}},
            .times = {{{{epoch}, {1}}, {}}, {{{-epoch}, {2}}}}};
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
    ASSERT_TRUE(w.disk.replace(kPath, std::string("TARNFLOW\5\0\0\0", 12)));
    EXPECT_EQ(Journal::open(w.disk, w.failpoints, kPath).error().code(), ErrorCode::kUnsupported);
}

// As version 2 or 3 wrote it, byte by byte.
std::string old_journal(int format = 2) {
    auto record = [](const std::function<void(ByteWriter&)>& items) {
        ByteWriter payload, out;
        items(payload);
        auto bytes = payload.take();
        out.le<uint32_t>(bytes.size());
        out.le<uint32_t>(crc32c(bytes));
        out.raw(bytes);
        return out.take();
    };
    auto numbers = [](ByteWriter& out, std::initializer_list<int64_t> values) {
        for (auto value : values)
            out.zigzag(value);
    };
    struct Place {
        int64_t version, file;
    };
    auto position = [&](ByteWriter& w, Place place) {
        if (format == 2)
            w.zigzag(place.version << 20 | place.file);
        else
            numbers(w, {place.version, place.file});
    };
    std::string out("TARNFLOW?\0\0\0", 12);
    out[8] = char(format);
    out += record([&](ByteWriter& w) {
        w.le<uint8_t>(1);
        w.sized("f");
        w.sized("g");
        if (format == 3) {
            w.varint(1);
            w.sized("table");
            w.sized("silver.clicks");
        }
        w.raw(std::string(15, '\0') + "\7");
        w.varint(1);
        position(w, {0, 0});
    });
    auto plan_of = [&](ByteWriter& w, int64_t epoch, Place from, Place to) {
        w.le<uint8_t>(2);
        numbers(w, {epoch, 1000 + epoch, 50 + epoch, 1, 2, 3, 4, 5, 6, 7});
        w.varint(1);
        if (format == 3) numbers(w, {0});
        numbers(w, {0});
        position(w, from);
        position(w, to);
        if (format == 3) w.varint(0);
    };
    out += record([&](ByteWriter& w) { plan_of(w, 0, {0, 0}, {2, 5}); });
    out += record([&](ByteWriter& w) {
        w.le<uint8_t>(3);
        numbers(w, {0, 51, 9, 9, 9, 9, 9, 9, 9, 1});
        if (format == 3) w.varint(1);
        w.varint(1);
        position(w, {2, 5});
        plan_of(w, 1, {2, 5}, {4, 0});
    });
    return out;
}

TEST(Journal, OneOfAVersionBeforeIsReadAndWrittenAnew) {
    const Journal::OldSource old{.node = table_node("silver.clicks"), .position = [](int64_t n) {
                                     return Position{n >> 20, n & ((1 << 20) - 1)};
                                 }};
    const Counters counters{1, 2, 3, 4, 5, 6, 7}, nines{9, 9, 9, 9, 9, 9, 9};
    JournalHeader expected{.flow = "f",
                           .generation = "g",
                           .sources = {{.node = table_node("silver.clicks"), .start = {{}}}}};
    expected.sources[0].id.bytes[15] = 7;
    const EpochPlan second{.epoch = 1,
                           .batch_time = {1001},
                           .watermark = {51},
                           .before = counters,
                           .ranges = {{0, 0, {2, 5}, {4, 0}}},
                           .by_epoch = true};
    const EpochDone done{0, {51}, nines, 1, {{{2, 5}}}};
    World w(1);
    ASSERT_TRUE(w.disk.create_folders("state/f"));
    ASSERT_TRUE(w.disk.replace(kPath, old_journal()));
    EXPECT_EQ(Journal::open(w.disk, w.failpoints, kPath).error().code(), ErrorCode::kUnsupported)
        << "without a source to say what its positions are";
    for (int life = 0; life < 4; ++life) {
        if (life == 2) {
            ASSERT_TRUE(w.disk.replace(kPath, old_journal(3)));
        }
        auto journal = Journal::open(w.disk, w.failpoints, kPath, old);
        ASSERT_TRUE(journal) << journal.error().message();
        EXPECT_EQ((*journal)->header(), expected);
        EXPECT_EQ((*journal)->done(), done);
        EXPECT_THAT((*journal)->plans(), testing::ElementsAre(second)) << "the first is history";
        EXPECT_EQ(w.disk.read_all(kPath)->substr(8, 1), "\4");
    }
}

TEST(Journal, ACrashWhileItIsWrittenAnewLosesNothing) {
    const Journal::OldSource old{.node = topic_node("clicks"),
                                 .position = [](int64_t n) { return Position{n}; }};
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        World w(seed);
        ASSERT_TRUE(w.disk.create_folders("state/f"));
        ASSERT_TRUE(w.disk.replace(kPath, old_journal()));
        w.disk.crash_at_call(1 + seed % 12);
        (void)Journal::open(w.disk, w.failpoints, kPath, old);
        if (!w.disk.crashed()) w.disk.crash();
        w.disk.restart();
        auto journal = Journal::open(w.disk, w.failpoints, kPath, old);
        ASSERT_TRUE(journal) << journal.error().message();
        ASSERT_TRUE(*journal);
        EXPECT_EQ((*journal)->plans().back().epoch, 1);
        EXPECT_EQ((*journal)->done().epoch, 0);
    }
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
