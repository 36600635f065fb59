// Damage of each kind, done on purpose: repair says what is wrong before it does anything, mends
// it, keeps what it moves, and validate finds nothing afterwards.

#include <gmock/gmock.h>

#include <tuple>

#include "lake_test_support.h"
#include "tarn/delta/log_files.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT
using ::testing::HasSubstr;

const std::string kTable = "s.t", kLog = "/lake/s/t/_delta_log/";
constexpr int kEach = 6, kAppends = 12;

class RepairTest : public ::testing::Test {
  protected:
    // Versions 0 to 12, a checkpoint at 10, then rows deleted by a vector in version 13.
    void SetUp() override {
        ASSERT_EQ(problem(lake().ensure_table(
                      {kTable, kEventColumns, {}, {{"delta.enableDeletionVectors", "true"}}, ""})),
                  "");
        for (int n = 0; n < kAppends; ++n)
            ASSERT_TRUE(
                lake().append(append_of(kTable, events(n * kEach, kEach), n, clock_.now())));
        DeleteRequest gone;
        gone.table = kTable;
        gone.where = "id = 1";
        ASSERT_TRUE(lake().delete_rows(gone));
        ASSERT_EQ(problem(lake().verify(kTable)), "");
    }
    RepairOutcome repair(bool dry = false) {
        auto made = lake().repair({kTable, dry});
        EXPECT_TRUE(made) << made.error().message();
        return made ? *made : RepairOutcome();
    }
    // Whose dry run changes nothing and says the same.
    RepairOutcome mended() {
        EXPECT_NE(problem(lake().verify(kTable)), "") << "validate sees the damage";
        const auto before = tree("/lake/s/t");
        const auto would = repair(true);
        EXPECT_EQ(tree("/lake/s/t"), before);
        const auto done = repair();
        EXPECT_EQ(would.found, done.found);
        EXPECT_EQ(problem(lake().verify(kTable)), "");
        EXPECT_EQ(repair(true).found, 0u);
        EXPECT_EQ(problem(append(1000)), "") << "it is written again";
        EXPECT_EQ(problem(lake().verify(kTable)), "");
        return done;
    }
    Status append(int64_t epoch) {
        auto done = lake().append(append_of(kTable, events(9000, 1), epoch, clock_.now()));
        return done ? Status() : fail(Error(done.error()));
    }
    std::map<std::string, uint64_t> tree(const std::string& folder) {
        std::map<std::string, uint64_t> out;
        const auto files = disk_.list(folder).value();
        for (const auto& file : files) {
            out[folder + "/" + file.name] = file.size;
            if (file.folder) out.merge(tree(folder + "/" + file.name));
        }
        return out;
    }
    std::vector<std::string> aside() {
        std::vector<std::string> out;
        if (const auto files = disk_.list(kLog + "_set_aside"))
            for (const auto& file : *files)
                out.push_back(file.name.substr(file.name.find('.') + 1));
        return out;
    }
    int64_t rows() { return world_.number("SELECT count(*) FROM " + world_.scan(kTable)); }
    Lake& lake() { return *world_.lake; }
    void write(const std::string& path, std::string_view text) {
        ASSERT_TRUE(disk_.replace(path, text));
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_F(RepairTest, ASoundTableIsLeftAsItIs) {
    const auto before = tree("/lake/s/t");
    const auto done = repair();
    EXPECT_EQ(done.found, 0u);
    EXPECT_FALSE(done.committed);
    EXPECT_EQ(done.version, 13);
    EXPECT_EQ(tree("/lake/s/t"), before);
    EXPECT_EQ(lake().repair({"no.such", false}).error().code(), ErrorCode::kNotFound);
}

TEST_F(RepairTest, FilesThatAreGoneGoOutOfTheLog) {
    const auto all = rows();
    const auto files = lake().files(kTable)->files;
    for (size_t i : {3u, 5u})
        ASSERT_TRUE(disk_.remove("/lake/s/t/" + files[i]->path));
    const auto done = mended();
    EXPECT_EQ(done.files_removed, 2u);
    EXPECT_EQ(done.rows_removed, uint64_t(2 * kEach));
    EXPECT_TRUE(done.committed);
    EXPECT_EQ(done.version, 14);
    EXPECT_EQ(done.repairs[0].what, "is gone");
    EXPECT_EQ(rows(), all - 2 * kEach + 1);
    EXPECT_EQ((*lake().history(kTable, 2))[1].operation, "FSCK");
}

TEST_F(RepairTest, AFileWhoseVectorIsGoneGoesOutOfTheLogAndStaysOnTheDisk) {
    const auto all = rows();
    const auto before = tree("/lake/s/t");
    for (const auto& [path, size] : before)
        if (path.ends_with(".bin")) {
            ASSERT_TRUE(disk_.remove(path));
        }
    const auto done = mended();
    EXPECT_EQ(done.files_removed, 1u);
    EXPECT_THAT(done.repairs[0].what, HasSubstr("which of its rows are deleted is not known"));
    EXPECT_EQ(rows(), all - (kEach - 1) + 1);
    EXPECT_TRUE(disk_.exists("/lake/s/t/" + done.repairs[0].where));
}

TEST_F(RepairTest, ATornCommitAtTheEndIsMovedAside) {
    const auto all = rows();
    write(kLog + delta::commit_name(14), R"({"add":{"path":"part-x.parquet","partitionVal)");
    const auto done = mended();
    EXPECT_THAT(done.repairs[0].what, HasSubstr("no checksum says"));
    EXPECT_EQ(aside(), std::vector{delta::commit_name(14)});
    EXPECT_EQ(rows(), all + 1);
    // An empty one hides nothing from readers, and stops every writer.
    write(kLog + delta::commit_name(15), "");
    EXPECT_FALSE(append(1001));
    EXPECT_EQ(repair().found, 1u);
    EXPECT_TRUE(append(1001));
}

TEST_F(RepairTest, ADamagedCommitThatWasAcknowledgedIsSaidToBeLost) {
    const auto all = rows();
    write(kLog + delta::commit_name(13), "\x01\x02");
    const auto done = mended();
    EXPECT_THAT(done.repairs[0].what, HasSubstr("complete once: what it did is lost"));
    EXPECT_EQ(done.found, 2u) << "its checksum goes with it";
    EXPECT_EQ(rows(), all + 1 + 1) << "the row that it deleted is there again";
}

TEST_F(RepairTest, ACheckpointThatCannotBeReadIsWrittenAnew) {
    const auto all = rows();
    write(kLog + delta::checkpoint_name(10), "PAR1 no more");
    const auto done = mended();
    EXPECT_EQ(done.found, 2u) << "the checkpoint, and the hint that names it";
    EXPECT_EQ(aside(), (std::vector<std::string>{delta::checkpoint_name(10), "_last_checkpoint"}));
    EXPECT_TRUE(disk_.exists(kLog + delta::checkpoint_name(13)));
    EXPECT_THAT(*disk_.read_all(kLog + "_last_checkpoint"), HasSubstr("\"version\":13"));
    EXPECT_EQ(rows(), all + 1);
}

TEST_F(RepairTest, AHintThatMisleadsIsRenewed) {
    auto sound = *disk_.read_all(kLog + "_last_checkpoint");
    const auto size = sound.find("\"size\":");
    ASSERT_NE(size, sound.npos) << sound;
    auto larger = sound, parts = sound;
    larger.insert(size + 7, "1");
    parts.insert(1, "\"parts\":2,");
    for (const auto& text : {std::string("{\"version\":"), std::string("[]"), larger, parts,
                             std::string("{\"version\":99,\"size\":1}")}) {
        SCOPED_TRACE(text);
        write(kLog + "_last_checkpoint", text);
        EXPECT_NE(problem(lake().verify(kTable)), "");
        EXPECT_EQ(repair().found, 1u);
        EXPECT_EQ(problem(lake().verify(kTable)), "");
    }
}

TEST_F(RepairTest, ChecksumsThatDoNotHoldAreMovedAside) {
    write(kLog + delta::checksum_name(13), "no JSON");
    auto other = *disk_.read_all(kLog + delta::checksum_name(7));
    write(kLog + delta::checksum_name(8), other);
    const auto done = mended();
    EXPECT_EQ(done.found, 2u);
    EXPECT_TRUE(disk_.exists(kLog + delta::checksum_name(13))) << "the newest has one again";
}

TEST_F(RepairTest, ChecksumsWithoutContentAreMovedAside) {
    write(kLog + delta::checksum_name(3), "");
    write(kLog + delta::checksum_name(11), "{}");
    EXPECT_EQ(mended().found, 2u);
    EXPECT_EQ(aside(), (std::vector{delta::checksum_name(3), delta::checksum_name(11)}));
    // Also where the versions before it cannot be replayed any more.
    ASSERT_TRUE(disk_.remove(kLog + delta::commit_name(0)));
    write(kLog + delta::checksum_name(12), "");
    EXPECT_THAT(problem(lake().verify(kTable)), HasSubstr("12.crc"));
    EXPECT_EQ(repair().found, 1u);
    EXPECT_EQ(problem(lake().verify(kTable)), "");
}

TEST_F(RepairTest, AHoleBeforeACheckpointIsSaid) {
    const auto all = rows();
    ASSERT_TRUE(disk_.remove(kLog + delta::commit_name(4)));
    ASSERT_TRUE(disk_.remove(kLog + delta::commit_name(5)));
    EXPECT_THAT(problem(lake().verify(kTable)),
                HasSubstr("lacks versions 4 to 5; the table is read "
                          "from the checkpoint of version 10"));
    const auto done = repair();
    EXPECT_EQ(done.found, 0u);
    ASSERT_EQ(done.left.size(), 1u);
    EXPECT_THAT(done.left[0].what, HasSubstr("lacks versions 4 to 5"));
    EXPECT_EQ(rows(), all);
    // What a cleanup that went on in another order has left is no damage.
    ASSERT_TRUE(disk_.remove(kLog + delta::commit_name(0)));
    EXPECT_EQ(problem(lake().verify(kTable)), "");
}

TEST_F(RepairTest, FilesWhoseContentIsDamagedAreSaidAndStay) {
    const auto files = lake().files(kTable)->files;
    const auto path = "/lake/s/t/" + files[4]->path;
    auto bytes = *disk_.read_all(path);
    bytes.resize(bytes.size() / 2);
    write(path, bytes);
    const auto gone = files[6]->path;
    ASSERT_TRUE(disk_.remove("/lake/s/t/" + gone));
    for (const bool dry : {true, false}) {
        SCOPED_TRACE(dry);
        const auto done = repair(dry);
        EXPECT_EQ(done.found, 1u);
        EXPECT_EQ(done.repairs[0].where, gone);
        ASSERT_FALSE(done.left.empty());
        for (const auto& one : done.left)
            EXPECT_EQ(one.where, files[4]->path);
    }
    EXPECT_TRUE(disk_.exists(path));
    EXPECT_THAT(problem(lake().verify(kTable)), HasSubstr(files[4]->path));
}

TEST_F(RepairTest, WhatCannotBeMendedIsSaid) {
    write(kLog + delta::commit_name(12), "no JSON");
    const auto done = lake().repair({kTable, false});
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->found, 0u);
    ASSERT_EQ(done->left.size(), 1u);
    EXPECT_THAT(done->left[0].what, HasSubstr("12.json"));
}

TEST_F(RepairTest, StatisticsOfTheLogAreHeldAgainstTheData) {
    CreateRequest create;
    create.table = "s.n";
    create.select =
        "SELECT * FROM (VALUES ({'a': 1, 'b': 'x'}, 7), ({'a': 3, 'b': NULL}, 9), (NULL, 8)) v(s, "
        "n)";
    ASSERT_TRUE(lake().create_table(create));
    ASSERT_EQ(problem(lake().verify("s.n")), "");
    const auto path = "/lake/s/n/_delta_log/" + delta::commit_name(0);
    const auto sound = *disk_.read_all(path);
    const std::tuple<std::string, std::string, std::string> wrong[] = {
        {R"(\"numRecords\":3)", R"(\"numRecords\":4)", "has 3 rows, the log says 4"},
        {R"(\"maxValues\":{\"s\":{\"a\":3)", R"(\"maxValues\":{\"s\":{\"a\":2)",
         "column s.a has values above the maximum"},
        {R"(\"minValues\":{\"s\":{\"a\":1)", R"(\"minValues\":{\"s\":{\"a\":2)",
         "column s.a has values below the minimum"},
        {R"(\"nullCount\":{\"s\":{\"a\":1)", R"(\"nullCount\":{\"s\":{\"a\":0)",
         "column s.a has 1 nulls, the log says 0"},
        {R"(\"minValues\":{)", R"(\"minValues\":{{)", "statistics in the log cannot be read"},
        {R"(\"nullCount\":{)", R"(\"nullCount\":[{)", "statistics in the log cannot be read"},
    };
    for (const auto& [from, to, said] : wrong) {
        SCOPED_TRACE(said);
        auto text = sound;
        const auto at = text.find(from);
        ASSERT_NE(at, text.npos) << text;
        write(path, text.replace(at, from.size(), to));
        EXPECT_THAT(problem(lake().verify("s.n")), HasSubstr(said));
    }
}

// A crash at any call that changes the disk: done again, it ends well, and nothing more is lost.
TEST(RepairCrash, ItIsDoneAgain) {
    const auto damage = [](io::SimulatedDisk& disk, World& world) {
        auto& lake = *world.lake;
        EXPECT_TRUE(lake.ensure_table({kTable, kEventColumns, {}, {}, ""}));
        for (int n = 0; n < kAppends; ++n)
            EXPECT_TRUE(
                lake.append(append_of(kTable, events(n * kEach, kEach), n, world.clock.now())));
        EXPECT_TRUE(disk.remove("/lake/s/t/" + lake.files(kTable)->files[2]->path));
        EXPECT_TRUE(disk.sync_folder("/lake/s/t"));
        EXPECT_TRUE(disk.replace(kLog + delta::checkpoint_name(10), "PAR1"));
        EXPECT_TRUE(disk.replace(kLog + delta::commit_name(13), "{\"add"));
        EXPECT_TRUE(disk.replace(kLog + delta::checksum_name(4), "{}"));
    };
    uint64_t calls = 0;
    {
        ManualClock clock;
        io::SimulatedDisk disk(1, clock);
        World world(disk, clock);
        damage(disk, world);
        const auto before = disk.calls();
        ASSERT_TRUE(world.lake->repair({kTable, false}));
        calls = disk.calls() - before;
    }
    for (uint64_t at = 1; at <= calls; ++at) {
        SCOPED_TRACE("call " + std::to_string(at));
        ManualClock clock;
        io::SimulatedDisk disk(at, clock);
        {
            World world(disk, clock, at);
            damage(disk, world);
            disk.crash_at_call(at);
            (void)world.lake->repair({kTable, false});
        }
        if (!disk.crashed()) disk.crash();
        disk.restart();
        clock.advance(Duration::seconds(1));
        World world(disk, clock, at + 1);
        const auto again = world.lake->repair({kTable, false});
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_TRUE(again->left.empty());
        EXPECT_EQ(problem(world.lake->verify(kTable)), "");
        EXPECT_EQ(world.number("SELECT count(*) FROM " + world.scan(kTable)),
                  (kAppends - 1) * kEach);
        // Each thing that was moved is there once.
        std::map<std::string, int> kept;
        const auto files = disk.list(kLog + "_set_aside").value();
        for (const auto& file : files)
            ++kept[file.name.substr(file.name.find('.') + 1)];
        for (const auto& name :
             {delta::commit_name(13), delta::checkpoint_name(10), delta::checksum_name(4)})
            EXPECT_EQ(kept[name], 1) << name;
        if (::testing::Test::HasFailure()) break;
    }
}

}  // namespace
}  // namespace tarn::lake
