// OPTIMIZE and VACUUM: files change and rows do not, whatever writers do meanwhile.

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "lake_test_support.h"
#include "tarn/delta/paths.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/change_rows.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using testing::append_of;
using testing::events;
using testing::kEventColumns;
using testing::problem;
using testing::World;

struct Way {
    const char* name;
    bool vectors, partitioned;
};

class MaintainTest : public ::testing::TestWithParam<Way> {
  protected:
    static constexpr const char* kTable = "bronze.events";
    static constexpr int kAppends = 6, kRows = 50;

    void SetUp() override {
        TableSpec spec;
        spec.name = kTable;
        spec.columns = kEventColumns;
        if (GetParam().partitioned) spec.partition_by = {"region"};
        if (GetParam().vectors) spec.properties["delta.enableDeletionVectors"] = "true";
        ASSERT_EQ(problem(lake().ensure_table(spec)), "");
        for (int epoch = 0; epoch < kAppends; ++epoch)
            append(epoch);
    }
    void append(int epoch) {
        clock_.advance(Duration::seconds(60));
        auto made =
            lake().append(append_of(kTable, events(epoch * kRows, kRows), epoch, clock_.now()));
        ASSERT_TRUE(made) << made.error().message();
    }
    Lake& lake() { return *world_.lake; }
    int64_t count(const std::string& where) {
        return world_.number("SELECT count(*) FROM " + world_.scan(kTable) + " WHERE " + where);
    }
    int64_t digest() {
        return world_.number(
            "SELECT (sum(hash(id, page, amount, \"at\", region)) % 1000000007)::BIGINT FROM " +
            world_.scan(kTable));
    }
    uint64_t files() { return lake().describe(kTable)->files; }
    void sound() { EXPECT_EQ(problem(lake().verify(kTable)), ""); }
    uint64_t remove(const std::string& where) {
        DeleteRequest request;
        request.table = kTable;
        request.where = where;
        auto made = lake().delete_rows(request);
        EXPECT_TRUE(made) << made.error().message();
        return made ? made->deleted : 0;
    }
    static OptimizeRequest optimize() {
        OptimizeRequest request;
        request.table = kTable;
        return request;
    }
    static VacuumRequest vacuum() {
        VacuumRequest request;
        request.table = kTable;
        return request;
    }
    static std::string decoded(const std::string& path) { return delta::percent_decode(path); }
    // On disk, hidden ones left out.
    std::vector<std::string> data_files(const std::string& folder = "") {
        std::vector<std::string> out;
        auto names = disk_.list(lake().path_of(kTable) + folder);
        EXPECT_TRUE(names);
        for (const auto& info : *names) {
            if (info.name.starts_with('_') || info.name.starts_with('.')) continue;
            if (!info.folder)
                out.push_back(folder + "/" + info.name);
            else
                std::ranges::move(data_files(folder + "/" + info.name), std::back_inserter(out));
        }
        return out;
    }
    // Once, when a commit is about to be made.
    void before_next_commit(std::function<void()> what) {
        world_.failpoints.arm("lake.before_data", 1, [what]() -> Status {
            what();
            return {};
        });
    }
    // So many partitions hold rows.
    uint64_t partitions() const { return GetParam().partitioned ? 4 : 1; }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
};

TEST_P(MaintainTest, SmallFilesBecomeOneAPartition) {
    const auto rows = digest();
    const auto before = files();
    auto dry = optimize();
    dry.dry_run = true;
    auto would = lake().optimize(dry);
    ASSERT_TRUE(would) << would.error().message();
    EXPECT_EQ(would->files_removed, before);
    EXPECT_EQ(would->files_added, partitions());
    EXPECT_EQ(files(), before);

    auto made = lake().optimize(optimize());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->files_removed, before);
    EXPECT_EQ(made->files_added, partitions());
    EXPECT_EQ(made->commits, 1);
    EXPECT_EQ(made->version, kAppends + 1);
    EXPECT_EQ(files(), partitions());
    EXPECT_EQ(digest(), rows);
    // In the order in which they came.
    EXPECT_EQ(world_.number("SELECT count(*) FROM (SELECT id, lag(id) OVER (PARTITION BY region "
                            "ORDER BY file_row_number) AS p FROM " +
                            world_.scan(kTable) + ") WHERE p > id"),
              0);
    sound();
    // A reader of changes sees no new rows.
    auto added = lake().added(kTable, made->version);
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_TRUE(added->files.empty());
    EXPECT_EQ(lake().history(kTable, 1)->at(0).operation, "OPTIMIZE");

    made = lake().optimize(optimize());
    ASSERT_TRUE(made);
    EXPECT_EQ(made->commits, 0);
    append(kAppends);
    EXPECT_EQ(count("true"), (kAppends + 1) * kRows);
}

TEST_P(MaintainTest, FilesOfTheTargetSizeAreLeft) {
    auto request = optimize();
    request.target_bytes = 1;
    auto made = lake().optimize(request);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->commits, 0);
    request.target_bytes = 0;
    request.min_files = 1 + kAppends;
    made = lake().optimize(request);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->commits, 0);
}

TEST_P(MaintainTest, DeletedRowsGoForGood) {
    EXPECT_EQ(remove("id % 2 = 0"), uint64_t(kAppends * kRows / 2));
    const auto rows = digest();
    auto request = optimize();
    request.min_files = 1000;  // for the deleted rows alone
    auto made = lake().optimize(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->vectors_removed > 0, GetParam().vectors);
    EXPECT_EQ(made->commits > 0, GetParam().vectors);
    EXPECT_EQ(digest(), rows);
    const auto live = lake().files(kTable);
    for (const auto& file : live->files)
        EXPECT_EQ(file->deletion_vector, nullptr);
    sound();
}

TEST_P(MaintainTest, AConditionChoosesPartitions) {
    auto request = optimize();
    request.where = "region = 'eu' or region is null";
    auto made = lake().optimize(request);
    if (!GetParam().partitioned) {
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
        return;
    }
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->files_added, 2u);
    EXPECT_EQ(files(), 2u + 2 * kAppends);
    request.where = "id = 7";  // no partition column
    EXPECT_FALSE(lake().optimize(request));
    sound();
}

TEST_P(MaintainTest, ZOrder) {
    remove("id % 7 = 0");
    const auto rows = digest();
    auto request = optimize();
    request.order_by = {"amount", "page"};
    request.target_bytes = 1000;
    auto made = lake().optimize(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_GT(made->files_added, partitions());
    EXPECT_EQ(digest(), rows);
    EXPECT_EQ(count("id % 7 = 0"), 0);
    sound();
    request.order_by = {"nope"};
    EXPECT_FALSE(lake().optimize(request));
    request.order_by = {"id", "id"};
    EXPECT_FALSE(lake().optimize(request));
}

TEST_P(MaintainTest, AnAppendMeanwhileStays) {
    before_next_commit([&] { append(kAppends); });
    auto made = lake().optimize(optimize());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->yielded, 0u);
    EXPECT_EQ(made->version, kAppends + 2);
    EXPECT_EQ(count("true"), (kAppends + 1) * kRows);
    sound();
}

TEST_P(MaintainTest, RowsDeletedMeanwhileStayDeleted) {
    remove("id % 10 = 3");
    append(kAppends);  // where DELETE writes files anew it has made one of all
    before_next_commit([&] { remove("id % 10 = 7 or id between 60 and 80"); });
    auto made = lake().optimize(optimize());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(count("id % 10 = 3 and id < 300 or id % 10 = 7 or id between 60 and 80"), 0);
    EXPECT_EQ(count("true"), 350 - 30 - 35 - 21 + 2 + 2);
    EXPECT_EQ(files(), partitions());
    EXPECT_EQ(made->carried_rows > 0, GetParam().vectors);
    EXPECT_EQ(made->yielded > 0, !GetParam().vectors);
    sound();
}

TEST_P(MaintainTest, AllRowsDeletedMeanwhile) {
    before_next_commit([&] { remove(""); });
    auto made = lake().optimize(optimize());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(count("true"), 0);
    sound();
}

TEST_P(MaintainTest, VacuumLeavesWhatIsNeeded) {
    remove("id % 3 = 0");  // by vectors: a file of them, and later another
    remove("id % 3 = 1");
    append(kAppends);
    const auto rows = digest();
    const auto orphan = lake().path_of(kTable) + "/part-orphan.parquet";
    const auto hidden = lake().path_of(kTable) + "/_hidden.parquet";
    for (const auto& path : {orphan, hidden})
        ASSERT_EQ(problem(disk_.put_if_absent(path, "x")), "");
    clock_.advance(Duration::seconds(8 * 24 * 60 * 60));
    auto made = lake().optimize(optimize());
    ASSERT_TRUE(made) << made.error().message();
    const auto before = data_files();

    // What OPTIMIZE took away is young, whatever the age of its files. What the second DELETE took
    // away is not.
    auto gone = lake().vacuum(vacuum());
    ASSERT_TRUE(gone) << gone.error().message();
    EXPECT_TRUE(std::ranges::count(gone->paths, "part-orphan.parquet") == 1);
    EXPECT_FALSE(disk_.exists(orphan));
    EXPECT_TRUE(disk_.exists(hidden));
    EXPECT_EQ(before.size() - data_files().size(), gone->files);
    EXPECT_EQ(gone->files > 1, true);  // the first file of vectors, or files without the rows
    EXPECT_EQ(digest(), rows);
    sound();
    const auto history = *lake().history(kTable, 2);
    EXPECT_EQ(history[0].operation, "VACUUM END");
    EXPECT_EQ(history[0].metrics.at("numDeletedFiles"), std::to_string(gone->files));
    EXPECT_EQ(history[1].operation, "VACUUM START");
    // The version before OPTIMIZE can be read.
    EXPECT_EQ(world_.number(fmt::format("SELECT count(*) FROM delta_scan('{}', version => {})",
                                        lake().path_of(kTable), made->version - 1)),
              count("true"));

    clock_.advance(Duration::seconds(8 * 24 * 60 * 60));
    auto dry = vacuum();
    dry.dry_run = true;
    auto would = lake().vacuum(dry);
    ASSERT_TRUE(would);
    EXPECT_GT(would->files, 0u);
    gone = lake().vacuum(vacuum());
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->paths, would->paths);
    EXPECT_EQ(data_files().size(), files());
    EXPECT_EQ(digest(), rows);
    sound();
    gone = lake().vacuum(vacuum());  // nothing is left, nothing is said of it
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->files, 0u);
    EXPECT_EQ(lake().history(kTable, 1)->at(0).version, gone->version);
}

TEST_P(MaintainTest, AShortRetentionIsRefused) {
    ASSERT_TRUE(lake().optimize(optimize()));
    clock_.advance(Duration::seconds(60));
    auto request = vacuum();
    request.retain = Duration::seconds(0);
    auto made = lake().vacuum(request);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id().number, 613) << made.error().message();
    request.force = true;
    made = lake().vacuum(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_GE(made->files, uint64_t(kAppends));
    EXPECT_EQ(count("true"), kAppends * kRows);
    sound();
}

TEST_P(MaintainTest, VacuumKnowsWhatFlowsHold) {
    lake().set_hold("flow", kTable, 3);  // it has read versions 0 to 2
    ASSERT_TRUE(lake().optimize(optimize()));
    clock_.advance(Duration::seconds(30 * 24 * 60 * 60));
    auto made = lake().vacuum(vacuum());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->files, 0u);  // version 3 reads all that came before
    for (int64_t version = 3; version <= kAppends; ++version) {
        const auto added = lake().added(kTable, version);
        for (const auto& file : added->files)
            EXPECT_TRUE(disk_.exists(lake().path_of(kTable) + "/" + decoded(file->path)));
    }
    lake().set_hold("flow", kTable, kAppends + 2);
    made = lake().vacuum(vacuum());
    ASSERT_TRUE(made);
    EXPECT_GT(made->files, 0u);
    sound();
}

TEST_P(MaintainTest, ALiteVacuumGoesByTheLog) {
    const auto orphan = lake().path_of(kTable) + "/part-orphan.parquet";
    ASSERT_EQ(problem(disk_.put_if_absent(orphan, "x")), "");
    ASSERT_TRUE(lake().optimize(optimize()));
    auto request = vacuum();
    request.lite = true;
    auto made = lake().vacuum(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->files, 0u);  // all of it is young
    clock_.advance(Duration::seconds(8 * 24 * 60 * 60));
    made = lake().vacuum(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_GE(made->files, uint64_t(kAppends));
    EXPECT_TRUE(disk_.exists(orphan));
    EXPECT_EQ(data_files().size(), files() + 1);
    sound();
    // A log that begins behind what was removed does not do.
    ASSERT_EQ(
        problem(disk_.remove(lake().path_of(kTable) + "/_delta_log/00000000000000000000.json")),
        "");
    EXPECT_TRUE(lake().vacuum(request));  // since a vacuum has been there
}

TEST_P(MaintainTest, RestoreBringsBackAnOlderVersion) {
    const auto rows = digest();
    const auto before = lake().describe(kTable)->version;
    remove("id % 3 = 0");
    ASSERT_TRUE(lake().optimize(optimize()));
    append(kAppends);
    RestoreRequest request;
    request.table = kTable;
    EXPECT_FALSE(lake().restore(request));  // to what?
    request.to.version = before;
    auto made = lake().restore(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->restored, before);
    EXPECT_TRUE(made->committed);
    EXPECT_EQ(digest(), rows);
    EXPECT_EQ(count("true"), kAppends * kRows);
    sound();
    EXPECT_EQ(lake().history(kTable, 1)->at(0).operation, "RESTORE");
    made = lake().restore(request);
    ASSERT_TRUE(made);
    EXPECT_FALSE(made->committed);
    append(kAppends + 1);
    EXPECT_EQ(count("true"), (kAppends + 1) * kRows);
}

TEST_P(MaintainTest, RestoreNamesFilesThatAreGone) {
    ASSERT_TRUE(lake().optimize(optimize()));
    clock_.advance(Duration::seconds(8 * 24 * 60 * 60));
    ASSERT_GT(lake().vacuum(vacuum())->files, 0u);
    RestoreRequest request;
    request.table = kTable;
    request.to.version = kAppends;
    auto made = lake().restore(request);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id().number, 615);
    EXPECT_NE(made.error().message().find("part-"), std::string::npos) << made.error().message();
    request.ignore_missing = true;
    made = lake().restore(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_GT(made->files_missing, 0u);
    EXPECT_EQ(count("true"), 0);
    sound();
}

TEST_P(MaintainTest, ATimeMeansTheNewestVersionThatIsNotYounger) {
    // Version n is of n minutes after the start, and the table of the start.
    const auto end = clock_.now();
    for (int back = 0; back < kAppends; ++back) {
        CloneRequest request{kTable, fmt::format("s.back{}", back), {}, false};
        request.of.time = end - Duration::seconds(60 * back - 30);
        auto made = lake().clone(request);
        ASSERT_TRUE(made) << made.error().message();
        EXPECT_EQ(made->source_version, kAppends - back);
    }
    RestoreRequest request;
    request.table = kTable;
    request.to.time = end - Duration::seconds(24 * 60 * 60);
    auto made = lake().restore(request);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::kNotFound) << made.error().message();
    request.to.time = end - Duration::seconds(90);
    made = lake().restore(request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->restored, kAppends - 2);
    EXPECT_EQ(count("true"), (kAppends - 2) * kRows);
}

TEST_P(MaintainTest, ACloneHasTheRowsAndGoesItsOwnWay) {
    remove("id % 3 = 0");
    const auto rows = count("true");
    for (const bool deep : {false, true}) {
        const std::string name = deep ? "s.deep" : "s.shallow";
        CloneRequest request{kTable, name, {}, deep};
        auto made = lake().clone(request);
        ASSERT_TRUE(made) << made.error().message();
        EXPECT_EQ(made->files, files());
        EXPECT_NE(lake().describe(name)->id, lake().describe(kTable)->id);
        EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan(name)), rows);
        EXPECT_FALSE(lake().clone(request));  // it is there
        DeleteRequest gone;
        gone.table = name;
        gone.where = "id % 3 = 1";
        ASSERT_TRUE(lake().delete_rows(gone));
        auto whole = optimize();
        whole.table = name;
        ASSERT_TRUE(lake().optimize(whole));
        ASSERT_TRUE(lake().append(append_of(name, events(900, 50), 0, clock_.now())));
        EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan(name)), rows / 2 + 50);
        EXPECT_EQ(problem(lake().verify(name)), "");
    }
    EXPECT_EQ(count("true"), rows);
    sound();
}

TEST_P(MaintainTest, VacuumKnowsShallowClones) {
    remove("id % 3 = 0");
    ASSERT_TRUE(lake().clone({kTable, "s.shallow", {}, false}));
    ASSERT_TRUE(lake().clone({"s.shallow", "s.again", {}, false}));
    const auto rows = count("true");
    append(kAppends);
    ASSERT_TRUE(lake().optimize(optimize()));
    clock_.advance(Duration::seconds(30 * 24 * 60 * 60));
    ASSERT_TRUE(lake().vacuum(vacuum()));
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("s.shallow")), rows);
    EXPECT_EQ(lake().drop_table(kTable).error().code(), ErrorCode::kFailedPrecondition);
    // Not after it is gone; and the clone's own vacuum leaves the source alone.
    ASSERT_EQ(problem(lake().drop_table("s.shallow")), "");
    EXPECT_EQ(lake().vacuum(vacuum())->files, 0u);
    EXPECT_EQ(world_.number("SELECT count(*) FROM " + world_.scan("s.again")), rows);
    auto other = vacuum();
    other.table = "s.again";
    ASSERT_TRUE(lake().vacuum(other));
    ASSERT_EQ(problem(lake().drop_table("s.again")), "");
    EXPECT_EQ(lake().vacuum(vacuum())->files, 0u) << "they can be brought back";
    ASSERT_EQ(problem(lake().purge_table("s.again")), "");
    ASSERT_EQ(problem(lake().purge_table("s.shallow")), "");
    EXPECT_GT(lake().vacuum(vacuum())->files, 0u);
    EXPECT_EQ(data_files().size(), files());
    sound();
}

// A table whose rebuild takes its place: files are moved over before a commit names them.
TEST_P(MaintainTest, VacuumLeavesWhatIsMovedOver) {
    TableSpec spec;
    spec.name = "bronze.rebuilt";
    spec.columns = kEventColumns;
    ASSERT_EQ(problem(lake().ensure_table(spec)), "");
    ASSERT_TRUE(lake().append(append_of(spec.name, events(0, 10), 100, clock_.now())));
    const auto live = lake().files(spec.name);
    const auto name = "/" + decoded(live->files[0]->path);
    ASSERT_EQ(
        problem(disk_.rename(lake().path_of(spec.name) + name, lake().path_of(kTable) + name)), "");
    clock_.advance(Duration::seconds(30 * 24 * 60 * 60));
    ASSERT_TRUE(lake().vacuum(vacuum()));
    ASSERT_EQ(problem(lake().replace_table(kTable, spec.name)), "");
    EXPECT_EQ(count("true"), 10);
    sound();
}

// Each kind of damage is a problem of its own, and does not end the look at the rest.
TEST_P(MaintainTest, ValidateNamesWhatIsWrong) {
    remove("id = 1");
    auto seen = lake().validate(kTable);
    ASSERT_TRUE(seen) << seen.error().message();
    EXPECT_EQ(seen->problems.size(), 0u);
    EXPECT_EQ(seen->files, files());
    EXPECT_EQ(seen->rows, kAppends * kRows - 1);
    EXPECT_EQ(seen->vectors > 0, GetParam().vectors);
    EXPECT_EQ(seen->commits, uint64_t(kAppends + 2));

    append(kAppends);
    const auto live = lake().files(kTable);
    const auto path = lake().path_of(kTable) + "/" + decoded(live->files.back()->path);
    ASSERT_EQ(problem(disk_.remove(path)), "");
    seen = lake().validate(kTable);
    ASSERT_TRUE(seen) << seen.error().message();
    ASSERT_EQ(seen->problems.size(), 1u);
    EXPECT_NE(path.find(seen->problems[0].where), std::string::npos) << seen->problems[0].where;
    EXPECT_EQ(seen->files, files());
}

INSTANTIATE_TEST_SUITE_P(Ways, MaintainTest,
                         ::testing::Values(Way{"rewritten", false, false},
                                           Way{"vectors", true, false},
                                           Way{"partitioned", false, true},
                                           Way{"everything", true, true}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace tarn::lake
