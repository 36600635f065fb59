// What the simulated disk promises to those who test on it: what is synced survives every crash,
// what is not may or may not, each kind of fault does happen, and the same seed gives the same run.

#include "tarn/io/simulated_disk.h"

#include <gtest/gtest.h>

#include <set>

#include "tarn/base/time.h"

namespace tarn::io {
namespace {

constexpr size_t kSector = 512;

class SimulatedDiskTest : public testing::Test {
  protected:
    std::unique_ptr<SimulatedDisk> make(uint64_t seed, DiskFaults faults = {}) {
        auto disk = std::make_unique<SimulatedDisk>(seed, clock_, faults);
        EXPECT_TRUE(disk->create_folders("/d"));
        return disk;
    }
    static std::unique_ptr<File> create(SimulatedDisk& disk, const std::string& path) {
        auto file = disk.open(path, {OpenMode::kCreate});
        EXPECT_TRUE(file) << file.error().message();
        return std::move(*file);
    }
    // A file that is durable with these bytes.
    static void put(SimulatedDisk& disk, const std::string& path, std::string_view bytes) {
        ASSERT_TRUE(disk.replace(path, bytes));
    }
    static std::string text(SimulatedDisk& disk, const std::string& path) {
        auto bytes = disk.read_all(path);
        return bytes ? *bytes : "(" + std::string(to_string(bytes.error().code())) + ")";
    }
    ManualClock clock_;
};

TEST_F(SimulatedDiskTest, SyncedBytesAndNamesSurvive) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        auto disk = make(seed);
        auto file = create(*disk, "/d/a");
        ASSERT_TRUE(file->write_at(0, std::string(3000, 'x')));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(disk->sync_folder("/d"));
        ASSERT_TRUE(file->write_at(5000, "later"));
        disk->crash();
        disk->restart();
        auto bytes = text(*disk, "/d/a");
        ASSERT_GE(bytes.size(), 3000u);
        EXPECT_EQ(bytes.substr(0, 3000), std::string(3000, 'x'));
    }
}

TEST_F(SimulatedDiskTest, AnySubsetOfUnsyncedSectorsSurvives) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        auto disk = make(seed);
        put(*disk, "/d/a", std::string(3 * kSector, 'o'));
        auto file = create(*disk, "/d/a");
        ASSERT_TRUE(file->write_at(0, std::string(3 * kSector, 'n')));
        disk->crash();
        disk->restart();
        std::string outcome;
        auto bytes = text(*disk, "/d/a");
        ASSERT_EQ(bytes.size(), 3 * kSector);
        for (size_t s = 0; s < 3; ++s) {
            auto sector = bytes.substr(s * kSector, kSector);
            ASSERT_EQ(sector, std::string(kSector, sector[0])) << "a sector is written as a whole";
            outcome.push_back(sector[0]);
        }
        outcomes.insert(outcome);
    }
    EXPECT_EQ(outcomes.size(), 8u) << "all subsets of three sectors, also those with a hole";
}

TEST_F(SimulatedDiskTest, AnOlderVersionOfASectorMaySurvive) {
    std::set<char> outcomes;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        auto disk = make(seed);
        put(*disk, "/d/a", "0");
        auto file = create(*disk, "/d/a");
        for (auto version : {"1", "2"})
            ASSERT_TRUE(file->write_at(0, version));
        disk->crash();
        disk->restart();
        outcomes.insert(text(*disk, "/d/a")[0]);
    }
    EXPECT_EQ(outcomes, (std::set{'0', '1', '2'}));
}

TEST_F(SimulatedDiskTest, AnUnsyncedSizeIsOldNewOrBetween) {
    std::set<int> grown, shrunk;
    auto classify = [](size_t size) { return size == 1000 ? 0 : size == 5000 ? 2 : 1; };
    for (uint64_t seed = 0; seed < 100; ++seed) {
        auto disk = make(seed);
        put(*disk, "/d/a", std::string(1000, 'x'));
        put(*disk, "/d/b", std::string(5000, 'x'));
        ASSERT_TRUE(create(*disk, "/d/a")->write_at(1000, std::string(4000, 'y')));
        ASSERT_TRUE(create(*disk, "/d/b")->truncate(1000));
        disk->crash();
        disk->restart();
        grown.insert(classify(text(*disk, "/d/a").size()));
        shrunk.insert(classify(text(*disk, "/d/b").size()));
    }
    EXPECT_EQ(grown, (std::set{0, 1, 2}));
    EXPECT_EQ(shrunk, (std::set{0, 1, 2}));
}

TEST_F(SimulatedDiskTest, TruncatedBytesReadAsZerosWhenTheFileGrows) {
    auto disk = make(1);
    put(*disk, "/d/a", std::string(9000, 'x'));
    auto file = create(*disk, "/d/a");
    ASSERT_TRUE(file->truncate(100));
    ASSERT_TRUE(file->allocate(9000));
    EXPECT_EQ(text(*disk, "/d/a"), std::string(100, 'x') + std::string(8900, '\0'));
    ASSERT_TRUE(file->sync());
    disk->crash();
    disk->restart();
    EXPECT_EQ(text(*disk, "/d/a"), std::string(100, 'x') + std::string(8900, '\0'));
}

// Each unsynced change of names is seen both lost and kept.
TEST_F(SimulatedDiskTest, UnsyncedNamesComeAndGo) {
    std::set<std::string> created, removed, renamed;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        auto disk = make(seed);
        for (auto name : {"/d/gone", "/d/from"})
            put(*disk, name, name);
        ASSERT_TRUE(create(*disk, "/d/new")->sync());
        ASSERT_TRUE(disk->remove("/d/gone"));
        ASSERT_TRUE(disk->rename("/d/from", "/d/to"));
        disk->crash();
        disk->restart();
        created.insert(text(*disk, "/d/new"));
        removed.insert(text(*disk, "/d/gone"));
        renamed.insert(text(*disk, "/d/from") + " " + text(*disk, "/d/to"));
    }
    EXPECT_EQ(created, (std::set<std::string>{"", "(not_found)"}));
    EXPECT_EQ(removed, (std::set<std::string>{"/d/gone", "(not_found)"}));
    EXPECT_EQ(renamed, (std::set<std::string>{"/d/from (not_found)", "(not_found) /d/from"}))
        << "a rename happens as a whole or not at all";
}

TEST_F(SimulatedDiskTest, ASyncedFolderKeepsItsNames) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        auto disk = make(seed);
        ASSERT_TRUE(disk->create_folders("/e"));
        auto file = create(*disk, "/d/a");
        ASSERT_TRUE(file->write_at(0, "bytes"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(disk->rename("/d/a", "/d/b"));
        ASSERT_TRUE(disk->rename("/d/b", "/e/c"));
        ASSERT_TRUE(disk->sync_folder("/e"));
        disk->crash();
        disk->restart();
        EXPECT_EQ(text(*disk, "/e/c"), "bytes");
        EXPECT_EQ(disk->list("/d")->size(), 0u);
    }
}

// A file written beside, synced and renamed over is the old or the new one, never gone or mixed.
TEST_F(SimulatedDiskTest, RenamingASyncedFileOverAnotherIsAtomic) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        auto disk = make(seed);
        put(*disk, "/d/a", "old");
        auto file = create(*disk, "/d/a.new");
        ASSERT_TRUE(file->write_at(0, "new"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(disk->rename("/d/a.new", "/d/a"));
        disk->crash();
        disk->restart();
        outcomes.insert(text(*disk, "/d/a"));
    }
    EXPECT_EQ(outcomes, (std::set<std::string>{"old", "new"}));
}

TEST_F(SimulatedDiskTest, PutIfAbsentAndReplaceAreDurableAndAtomic) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        auto disk = make(seed);
        ASSERT_TRUE(disk->put_if_absent("/d/a", "first"));
        EXPECT_EQ(disk->put_if_absent("/d/a", "second").error().code(), ErrorCode::kAlreadyExists);
        ASSERT_TRUE(disk->replace("/d/b", "one"));
        ASSERT_TRUE(disk->replace("/d/b", "two"));
        disk->crash();
        disk->restart();
        EXPECT_EQ(text(*disk, "/d/a"), "first");
        EXPECT_EQ(text(*disk, "/d/b"), "two");
    }
}

// The crash strikes before, after or inside the call, and the caller learns nothing of which.
TEST_F(SimulatedDiskTest, ACrashStrikesInsideACall) {
    std::set<std::string> puts, replaced;
    std::set<size_t> left;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        auto disk = make(seed);
        disk->crash_at_call(1);
        EXPECT_EQ(disk->put_if_absent("/d/a", "bytes").error().code(), ErrorCode::kCancelled);
        EXPECT_TRUE(disk->crashed());
        EXPECT_EQ(disk->stat("/d").error().code(), ErrorCode::kCancelled);
        disk->restart();
        puts.insert(text(*disk, "/d/a"));

        put(*disk, "/d/b", "old");
        disk->crash_at_call(1);
        EXPECT_FALSE(disk->replace("/d/b", "new"));
        disk->restart();
        replaced.insert(text(*disk, "/d/b"));

        ASSERT_TRUE(disk->create_folders("/t"));
        for (auto name : {"/t/1", "/t/2", "/t/3"})
            put(*disk, name, "");
        disk->crash_at_call(1);
        EXPECT_FALSE(disk->remove_tree("/t"));
        disk->restart();
        auto names = disk->list("/t");
        left.insert(names ? names->size() : 0);
    }
    EXPECT_EQ(puts, (std::set<std::string>{"bytes", "(not_found)"}));
    EXPECT_EQ(replaced, (std::set<std::string>{"old", "new"}));
    EXPECT_EQ(left, (std::set<size_t>{0, 1, 2, 3})) << "a tree is removed name by name";
}

TEST_F(SimulatedDiskTest, CallsCountTheCrashPoints) {
    auto work = [](SimulatedDisk& disk) {
        (void)disk.create_folders("/w");
        if (auto file = disk.open("/w/a", {OpenMode::kCreateNew})) {
            (void)(*file)->write_at(0, "bytes");
            (void)(*file)->sync();
        }
        (void)disk.sync_folder("/w");
        (void)disk.read_all("/w/a");
        (void)disk.rename("/w/a", "/w/b");
    };
    SimulatedDisk whole(1, clock_);
    work(whole);
    EXPECT_EQ(whole.calls(), 6u);
    for (uint64_t n = 1; n <= whole.calls(); ++n) {
        SimulatedDisk disk(n, clock_);
        disk.crash_at_call(n);
        work(disk);
        EXPECT_TRUE(disk.crashed()) << n;
        EXPECT_EQ(disk.calls(), n);
    }
}

TEST_F(SimulatedDiskTest, AFailedSyncLosesDataThatALaterSyncDoesNotBringBack) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        auto disk = make(seed);
        put(*disk, "/d/a", "old");
        auto file = create(*disk, "/d/a");
        ASSERT_TRUE(file->write_at(0, "new"));
        disk->set_faults({.failed_sync = 1});
        EXPECT_EQ(file->sync().error().code(), ErrorCode::kIo);
        disk->set_faults({});
        EXPECT_TRUE(file->sync()) << "the kernel reports a failure once";
        disk->crash();
        disk->restart();
        outcomes.insert(text(*disk, "/d/a"));
    }
    EXPECT_EQ(outcomes, (std::set<std::string>{"old", "new"}));
}

TEST_F(SimulatedDiskTest, AFailedPutHasAnUnknownOutcome) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 0; seed < 50; ++seed) {
        auto disk = make(seed);
        disk->set_faults({.failed_sync = 1});
        EXPECT_EQ(disk->put_if_absent("/d/a", "x").error().code(), ErrorCode::kIo);
        outcomes.insert(text(*disk, "/d/a"));
    }
    EXPECT_EQ(outcomes, (std::set<std::string>{"x", "(not_found)"}));
}

TEST_F(SimulatedDiskTest, TheDiskFillsUp) {
    auto disk = make(1, {.capacity_bytes = 16 * 4096});
    auto file = create(*disk, "/d/a");
    ASSERT_TRUE(file->allocate(10 * 4096));
    EXPECT_EQ(*disk->free_bytes("/d"), 6u * 4096);
    EXPECT_TRUE(file->write_at(0, std::string(10 * 4096, 'x'))) << "into what is reserved";
    EXPECT_EQ(file->write_at(10 * 4096, std::string(7 * 4096, 'x')).error().code(),
              ErrorCode::kResourceExhausted);
    EXPECT_EQ(*file->size(), 16u * 4096) << "what fits is written";
    EXPECT_EQ(disk->put_if_absent("/d/b", "x").error().code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(text(*disk, "/d/b"), "(not_found)");
    ASSERT_TRUE(disk->remove("/d/a"));
    EXPECT_EQ(disk->used_bytes(), 0u);
    EXPECT_TRUE(disk->put_if_absent("/d/b", "x"));
    EXPECT_EQ(disk->used_bytes(), 4096u);
}

TEST_F(SimulatedDiskTest, StoredBytesRot) {
    auto disk = make(1);
    put(*disk, "/d/a", "abc");
    ASSERT_TRUE(disk->rot("/d/a", 1));
    auto bytes = text(*disk, "/d/a");
    EXPECT_EQ(bytes[0], 'a');
    EXPECT_NE(bytes[1], 'b');
    EXPECT_EQ(__builtin_popcount(unsigned(bytes[1] ^ 'b')), 1);
    EXPECT_FALSE(disk->rot("/d/a", 3));
    disk->crash();
    disk->restart();
    EXPECT_EQ(text(*disk, "/d/a"), bytes) << "rot stays";
}

TEST_F(SimulatedDiskTest, FilesAndLocksOfBeforeACrashAreDead) {
    auto disk = make(1, {.lost_name = 0});
    auto file = create(*disk, "/d/a");
    auto lock = disk->lock("/d/LOCK");
    ASSERT_TRUE(lock);
    EXPECT_EQ(disk->lock("/d/LOCK").error().code(), ErrorCode::kFailedPrecondition);
    disk->crash();
    disk->restart();
    char byte;
    EXPECT_EQ(file->read_at(0, &byte, 1).error().code(), ErrorCode::kCancelled);
    EXPECT_EQ(file->write_at(0, "x").error().code(), ErrorCode::kCancelled);
    auto again = disk->lock("/d/LOCK");
    ASSERT_TRUE(again);
    lock->reset();
    EXPECT_FALSE(disk->lock("/d/LOCK")) << "a dead lock frees nothing of the new holder's";
    again->reset();
    EXPECT_TRUE(disk->lock("/d/LOCK"));
}

TEST_F(SimulatedDiskTest, DirectFilesInsistOnAlignment) {
    auto disk = make(1);
    auto file = disk->open("/d/a", {OpenMode::kCreate, true});
    ASSERT_TRUE(file);
    alignas(kDirectAlignment) static char block[2 * kDirectAlignment];
    EXPECT_TRUE((*file)->write_at(0, {block, sizeof block}));
    EXPECT_FALSE((*file)->write_at(512, {block, kDirectAlignment}));
    EXPECT_FALSE((*file)->write_at(0, {block, 512}));
    EXPECT_FALSE((*file)->write_at(0, {block + 8, kDirectAlignment}));
    EXPECT_FALSE((*file)->read_at(0, block + 8, kDirectAlignment));
    EXPECT_EQ(*(*file)->read_at(kDirectAlignment, block, sizeof block), kDirectAlignment);
}

TEST_F(SimulatedDiskTest, TheSameSeedGivesTheSameRun) {
    auto run = [&](uint64_t seed) {
        auto disk = make(seed, {.failed_sync = 0.2});
        Random random(seed);
        for (int i = 0; i < 300; ++i) {
            auto path = "/d/" + std::to_string(random.below(5));
            auto file = disk->open(path, {OpenMode::kCreate});
            if (file)
                (void)(*file)->write_at(random.below(20'000),
                                        std::string(random.below(9'000), char('a' + i % 26)));
            if (file && random.chance(0.2)) (void)(*file)->sync();
            if (random.chance(0.1))
                (void)disk->rename(path, "/d/" + std::to_string(random.below(5)));
            if (random.chance(0.1)) (void)disk->sync_folder("/d");
            if (i % 50 == 49) disk->crash();
            if (disk->crashed()) disk->restart();
        }
        std::string all;
        auto names = disk->list("/d");
        for (const auto& info : *names)
            all += info.name + "\n" + text(*disk, "/d/" + info.name);
        return all;
    };
    EXPECT_EQ(run(7), run(7));
    EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace tarn::io
