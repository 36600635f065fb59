// What stands in a log beside commits: compactions, checksums and checkpoints of both kinds, read
// and cleaned up; with a stand-in for Parquet, whose files are the lines themselves.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tarn/base/ids.h"
#include "tarn/delta/actions_json.h"
#include "tarn/delta/checksum.h"
#include "tarn/delta/log_files.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::delta {
namespace {

constexpr const char* kRoot = "/t";
constexpr int64_t kDay = 24ll * 60 * 60 * 1000;

// A checkpoint file is its lines; those of columns that are not asked for are left out, as a reader
// of columns does.
class LinesIo final : public CheckpointIo {
  public:
    explicit LinesIo(io::FileSystem& fs) : fs_(fs) {}
    Status read(const std::string& path, CheckpointColumns columns,
                const std::function<Status(std::string_view)>& each) override {
        TARN_TRY(const auto text, fs_.read_all(path));
        std::string wanted;
        for (std::string_view rest = text; !rest.empty();) {
            const auto line = rest.substr(0, rest.find('\n') + 1);
            rest.remove_prefix(line.size());
            const bool file = line.starts_with(R"({"add")") || line.starts_with(R"({"remove")");
            const bool sidecar = line.starts_with(R"({"sidecar")");
            if (columns == CheckpointColumns::kTop ||
                (columns == CheckpointColumns::kFiles && file) ||
                (columns == CheckpointColumns::kSidecars && sidecar))
                wanted += line;
        }
        return each(wanted);
    }
    Result<uint64_t> write(const std::string& path, CheckpointColumns,
                           std::string_view lines) override {
        TARN_RETURN_IF_ERROR(fs_.replace(path, lines));
        return lines.size();
    }

  private:
    io::FileSystem& fs_;
};

class LogTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(disk_.create_folders(log()));
        clock_.advance(Duration::seconds(365 * kDay / 1000));
        put(0, first({}));
    }
    static std::string log() { return std::string(kRoot) + "/_delta_log"; }
    static std::string first(const StringMap& properties, std::optional<Protocol> protocol = {}) {
        Metadata metadata;
        metadata.id = "id";
        metadata.schema = R"({"type":"struct","fields":[{"name":"a","type":"long",)"
                          R"("nullable":true,"metadata":{}}]})";
        metadata.configuration = properties;
        const std::vector<std::string> features = {"deletionVectors", "v2Checkpoint"};
        auto writer = features;
        for (const char* more : {"domainMetadata", "inCommitTimestamp"})
            writer.emplace_back(more);
        std::string out;
        append_json(out, protocol.value_or(Protocol{3, 7, features, writer}));
        append_json(out, metadata);
        return out;
    }
    static std::string add(const std::string& path, int64_t size = 1) {
        AddFile file;
        file.path = path;
        file.size = size;
        file.stats = R"({"numRecords":2})";
        std::string out;
        append_json(out, file);
        return out;
    }
    static std::string remove(const std::string& path) {
        RemoveFile file;
        file.path = path;
        file.deleted_ms = 5;
        std::string out;
        append_json(out, file);
        return out;
    }
    static std::string domain(const std::string& name, bool removed = false) {
        std::string out;
        append_json(out, DomainMetadata{name, "{}", removed});
        return out;
    }
    static std::string info(int64_t ms) {
        CommitInfo one;
        one.operation = "WRITE";
        one.timestamp_ms = ms;
        std::string out;
        append_json(out, one);
        return out;
    }
    void put_file(const std::string& name, const std::string& text) {
        ASSERT_TRUE(disk_.replace(log() + "/" + name, text));
    }
    void put(int64_t version, const std::string& actions) {
        put_file(commit_name(version), info(1'000 + version) + actions);
    }
    void put_compaction(int64_t from, int64_t to, const std::string& actions) {
        put_file(fmt::format("{:020}.{:020}.compacted.json", from, to), actions);
    }
    void drop(const std::string& name) { ASSERT_TRUE(disk_.remove(log() + "/" + name)); }

    Table table() { return Table(disk_, kRoot, &io_); }
    // The live files of a version (-1: the newest), or the error.
    std::string files(int64_t version = -1) {
        auto it = table();
        auto snapshot = version < 0 ? it.refresh() : it.at(version);
        if (!snapshot) return std::string(snapshot.error().message());
        std::set<std::string> paths;
        (*snapshot)->files.each([&](const auto& file) { paths.insert(file->path); });
        std::string out;
        for (const auto& path : paths)
            out += (out.empty() ? "" : " ") + path;
        return out;
    }
    std::set<std::string> names(const std::string& folder = "") {
        std::set<std::string> out;
        auto list = disk_.list(log() + folder);
        for (const auto& one : *list)
            if (!one.folder) out.insert(one.name);
        return out;
    }
    CommitRequest append(std::string path) {
        CommitRequest out;
        auto& file = out.adds.emplace_back();
        file.path = std::move(path);
        file.size = 7;
        file.records = 2;
        out.time = Timestamp::from_ms(clock_.now().ms());
        out.info.operation = "WRITE";
        out.info.txn_id = "txn-" + file.path;
        out.info.blind_append = true;
        return out;
    }
    CheckpointOptions options(size_t sidecar_actions = 50'000) {
        CheckpointOptions out;
        out.now_ms = clock_.now().ms();
        out.new_id = [this] { return Uuid::make(random_); };
        out.sidecar_actions = sidecar_actions;
        return out;
    }

    ManualClock clock_;
    Random random_{1};
    io::SimulatedDisk disk_{1, clock_};
    LinesIo io_{disk_};
};

TEST_F(LogTest, ACompactionStandsForItsCommits) {
    put(1, add("a"));
    put(2, add("b") + remove("a"));
    put(3, add("c"));
    put(4, add("d"));
    // What it says and the commits do not shows that it was read.
    put_compaction(1, 3, add("b") + add("c") + add("compacted") + remove("a"));
    EXPECT_EQ(files(), "b c compacted d");
    EXPECT_EQ(files(3), "b c compacted");
    EXPECT_EQ(files(2), "b") << "it goes beyond";
    EXPECT_EQ(files(1), "a");
    EXPECT_EQ((*table().at(3))->commit_ms, 1'003) << "the time is the last commit's";
    // The one that spans most is taken, and others go on behind it.
    put_compaction(1, 2, add("short"));
    put_compaction(4, 5, add("beyond"));
    EXPECT_EQ(files(), "b c compacted d");
}

TEST_F(LogTest, CommitsThatAreGoneAreInACompaction) {
    for (int64_t v = 1; v <= 5; ++v)
        put(v, add(fmt::format("f{}", v)));
    put_compaction(2, 4, add("f2") + add("f3") + add("f4"));
    drop(commit_name(3));
    EXPECT_EQ(files(), "f1 f2 f3 f4 f5");
    EXPECT_EQ(files(4), "f1 f2 f3 f4");
    EXPECT_NE(files(3).find("lacks version 3"), std::string::npos);
    // A version that no commit proves is not there.
    put_compaction(5, 9, add("never"));
    EXPECT_EQ(files(), "f1 f2 f3 f4 f5");
}

TEST_F(LogTest, ADamagedCompactionIsLeftOutWhereCommitsAre) {
    put(1, add("a"));
    put(2, add("b"));
    put(3, add("c"));
    const auto whole = add("a") + add("b");
    for (const auto& text :
         {std::string("{"), std::string("not json"), whole.substr(0, whole.size() - 4),
          std::string(R"({"add":{"path":"a","size":99999999999999999999}})")}) {
        put_compaction(1, 2, text);
        EXPECT_EQ(files(), "a b c") << text;
    }
    drop(commit_name(1));
    EXPECT_NE(files().find("not an action"), std::string::npos) << files();
}

TEST_F(LogTest, ACompactionThatMayHaveLostARemovedDomainIsNotUsed) {
    put(1, domain("one") + domain("two"));
    put(2, domain("one", true));
    put(3, add("a"));
    put_compaction(2, 3, add("a") + add("compacted"));
    EXPECT_EQ(files(), "a");
    auto snapshot = table().refresh();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->domains->size(), 1);
    EXPECT_TRUE((*snapshot)->domains->contains("two"));
    put_compaction(2, 3, domain("one", true) + domain("two") + add("a") + add("compacted"));
    EXPECT_EQ(files(), "a compacted");
    EXPECT_EQ((*table().refresh())->domains->size(), 1);
}

TEST_F(LogTest, EachCommitHasItsChecksum) {
    auto it = table();
    ASSERT_TRUE(it.refresh());
    auto request = append("a");
    request.transactions.push_back({"app \"x\"", 3, 4});
    request.domains.push_back({"mine", "{\"k\":1}", false});
    ASSERT_TRUE(it.commit(std::move(request), *it.snapshot()));
    EXPECT_FALSE(it.take_checksum_error());
    const auto text = disk_.read_all(log() + "/" + checksum_name(1));
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with(R"({"txnId":"txn-a","tableSizeBytes":7,"numFiles":1,)"
                                  R"("numMetadata":1,"numProtocol":1,"numDeletedRecordsOpt":0,)"
                                  R"("numDeletionVectorsOpt":0,"setTransactions":)"))
        << *text;
    auto said = compare_checksum(*text, *it.snapshot());
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_TRUE(said->empty());
    // Of the next version it holds no longer.
    ASSERT_TRUE(it.commit(append("b"), *it.snapshot()));
    said = compare_checksum(*text, *it.snapshot());
    ASSERT_TRUE(said);
    EXPECT_EQ(*said, (std::vector<std::string>{"says 7 bytes, the log has 14",
                                               "says 1 files, the log has 2"}));
}

TEST_F(LogTest, AChecksumSaysWhatDiffers) {
    auto it = table();
    ASSERT_TRUE(it.refresh());
    auto request = append("a");
    request.transactions.push_back({"app", 3, 4});
    request.domains.push_back({"mine", "{}", false});
    ASSERT_TRUE(it.commit(std::move(request), *it.snapshot()));
    const auto& table = *it.snapshot();
    const auto text = *disk_.read_all(log() + "/" + checksum_name(1));
    auto after = [&](std::string_view from, std::string_view to) -> std::string {
        auto changed = text;
        const auto at = changed.find(from);
        EXPECT_NE(at, changed.npos) << from;
        changed.replace(at, from.size(), to);
        auto said = compare_checksum(changed, table);
        if (!said) return "refused";
        return said->empty() ? "" : said->at(0);
    };
    EXPECT_EQ(after("\"numFiles\":1", "\"numFiles\":9223372036854775807"),
              "says 9223372036854775807 files, the log has 1");
    EXPECT_EQ(after("\"numMetadata\":1", "\"numMetadata\":2"),
              "says 2 metaData actions, the log has 1");
    EXPECT_EQ(after("\"version\":3", "\"version\":4"), "has other setTransactions than the log");
    EXPECT_EQ(after("\"domain\":\"mine\"", "\"domain\":\"yours\""),
              "has other domainMetadata than the log");
    EXPECT_EQ(after("\"id\":\"id\"", "\"id\":\"di\""), "has other metadata than the log");
    EXPECT_EQ(after("\"minReaderVersion\":3", "\"minReaderVersion\":2"),
              "has another protocol than the log");
    EXPECT_EQ(after("\"numDeletionVectorsOpt\":0", "\"numDeletionVectorsOpt\":1"),
              "says 1 deletion vectors, the log has 0");
    EXPECT_EQ(after("\"numFiles\":1", "\"numFiles\":1e3"), "refused");
    EXPECT_EQ(after("\"numFiles\":1", "\"numFiles\":99999999999999999999"), "refused");
    EXPECT_EQ(after("\"numFiles\":1,", ""), "refused");
    EXPECT_EQ(after("\"numDeletedRecordsOpt\":0,", ""), "");
    for (size_t cut = 0; cut + 1 < text.size(); ++cut)  // its last byte is a line's end
        EXPECT_FALSE(compare_checksum(text.substr(0, cut), table)) << cut;
    EXPECT_FALSE(compare_checksum(std::string(100'000, '['), table));
    EXPECT_FALSE(compare_checksum("\xff\xfe", table));
}

TEST_F(LogTest, RowsGetIdsBeyondTheMark) {
    auto tracked = [&](const std::string& domain) -> std::string {
        auto text = first({{"delta.enableRowTracking", "true"}},
                          Protocol{1, 7, std::nullopt, {{"rowTracking", "domainMetadata"}}});
        if (!domain.empty()) append_json(text, DomainMetadata{"delta.rowTracking", domain, false});
        put(0, text);
        auto it = table();
        EXPECT_TRUE(it.refresh());
        auto made = it.commit(append("n"), *it.snapshot());
        if (!made)
            return std::string(made.error().code() == ErrorCode::kCorrupted ? "unsound" : "?");
        int64_t id = -1;
        made->snapshot->files.each([&](const auto& file) {
            if (file->path == "n") id = file->base_row_id.value_or(-2);
        });
        EXPECT_TRUE(disk_.remove(log() + "/" + commit_name(1)));
        EXPECT_TRUE(disk_.remove(log() + "/" + checksum_name(1)));
        return fmt::format("{}", id);
    };
    EXPECT_EQ(tracked(""), "0");
    EXPECT_EQ(tracked(R"({"rowIdHighWaterMark":41})"), "42");
    EXPECT_EQ(tracked(R"({ "rowIdHighWaterMark": 41 })"), "42");
    EXPECT_EQ(tracked("{}"), "0");
    for (const char* mark : {"9223372036854775807", "9223372036854775805", "-2"})
        EXPECT_EQ(tracked(fmt::format(R"({{"rowIdHighWaterMark":{}}})", mark)), "unsound") << mark;
}

TEST_F(LogTest, HiddenColumnsHaveNamesOfTheirOwn) {
    auto tracking = [&](const StringMap& properties) -> std::string {
        Snapshot table;
        table.protocol = Protocol{1, 7, std::nullopt, {{"rowTracking", "domainMetadata"}}};
        Metadata metadata;
        metadata.configuration = properties;
        table.metadata = std::make_shared<const Metadata>(metadata);
        table.schema = std::make_shared<const Schema>(
            *parse_schema(R"({"type":"struct","fields":[{"name":"a","type":"long"}]})"));
        const auto out = row_tracking(table);
        if (!out) return "unsound";
        return *out ? (*out)->id_column + " " + (*out)->version_column : "none";
    };
    const std::string id = "delta.rowTracking.materializedRowIdColumnName",
                      version = "delta.rowTracking.materializedRowCommitVersionColumnName";
    const std::pair<std::string, std::optional<std::string>> on = {kEnableRowTracking, "true"};
    EXPECT_EQ(tracking({}), "none");
    EXPECT_EQ(tracking({on, {id, "x"}, {version, "y"}}), "x y");
    EXPECT_EQ(tracking({on}), "unsound");
    EXPECT_EQ(tracking({on, {id, "x"}}), "unsound");
    EXPECT_EQ(tracking({on, {id, "x"}, {version, ""}}), "unsound");
    EXPECT_EQ(tracking({on, {id, "x"}, {version, "x"}}), "unsound");
    EXPECT_EQ(tracking({on, {id, "A"}, {version, "y"}}), "unsound");
}

TEST_F(LogTest, ACommitIsMadeWithoutItsChecksum) {
    auto it = table();
    ASSERT_TRUE(it.refresh());
    ASSERT_TRUE(disk_.create_folders(log() + "/" + checksum_name(1)));  // nothing can be put there
    auto made = it.commit(append("a"), *it.snapshot());
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(files(), "a");
}

TEST_F(LogTest, AV2CheckpointHasItsFilesInSidecars) {
    put(0, first({{"delta.checkpointPolicy", "v2"}}));
    auto it = table();
    ASSERT_TRUE(it.refresh());
    for (int i = 0; i < 5; ++i) {
        auto request = append(fmt::format("f{}", i));
        request.transactions.push_back({"app", i, std::nullopt});
        ASSERT_TRUE(it.commit(std::move(request), *it.snapshot()));
    }
    ASSERT_TRUE(it.write_checkpoint(options(2)));
    EXPECT_EQ(names("/_sidecars").size(), 3);
    const auto found = list_log(disk_, log());
    ASSERT_EQ(found->checkpoints.size(), 1);
    EXPECT_TRUE(found->checkpoints[0].v2);
    const auto& name = found->checkpoints[0].files[0];
    const auto top = *disk_.read_all(log() + "/" + name);
    EXPECT_NE(top.find(R"({"checkpointMetadata":{"version":5}})"), top.npos);
    EXPECT_EQ(top.find("\"add\""), top.npos);
    const auto hint = *disk_.read_all(log() + "/_last_checkpoint");
    EXPECT_TRUE(hint.starts_with(R"({"version":5,"size":8,"sizeInBytes":)")) << hint;
    EXPECT_NE(hint.find(R"("numOfAddFiles":5,"v2Checkpoint":{"path":")" + name), hint.npos) << hint;
    for (int64_t v = 0; v < 5; ++v)
        drop(commit_name(v));
    EXPECT_EQ(files(), "f0 f1 f2 f3 f4");
    EXPECT_EQ((*table().refresh())->transaction("app"), 4);
    // Without the feature the property says nothing.
    put(6, R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})");
    ASSERT_TRUE(it.refresh());
    ASSERT_TRUE(it.write_checkpoint(options(2)));
    EXPECT_TRUE(names().contains(checkpoint_name(6)));
}

TEST_F(LogTest, SidecarsThatNameThemselvesEnd) {
    put(1, add("a"));
    const auto sidecar = [](const std::string& path) {
        std::string out;
        append_json(out, Sidecar{path, 1, 1});
        return out;
    };
    ASSERT_TRUE(disk_.create_folders(log() + "/_sidecars"));
    const std::string x = "3a0d65cd-4056-49b8-937b-95f9e3ee90e5.parquet";
    put_file("_sidecars/" + x, add("a") + sidecar(x));
    put_file("00000000000000000001.checkpoint." + x,
             first({}) + sidecar("file:/elsewhere/_delta_log/_sidecars/" + x));
    drop(commit_name(0));
    EXPECT_EQ(files(), "a");
}

TEST_F(LogTest, CleanupTakesAllThatIsOfOldVersions) {
    put(0, first({{"delta.checkpointPolicy", "v2"}}));
    auto it = table();
    ASSERT_TRUE(it.refresh());
    for (int i = 1; i <= 8; ++i) {
        ASSERT_TRUE(it.commit(append(fmt::format("f{}", i)), *it.snapshot()));
        if (i % 3 == 0) {
            ASSERT_TRUE(it.write_checkpoint(options(2)));
        }
        clock_.advance(Duration::seconds(kDay / 1000));
    }
    put_compaction(2, 4, "{}");
    put_compaction(6, 7, "{}");  // begins at the checkpoint, whose next version is 7
    put_compaction(7, 8, add("f7") + add("f8"));
    const auto before = names("/_sidecars");
    EXPECT_EQ(before.size(), 2 + 3);
    // Two days after version 6.
    clock_.advance(Duration::seconds(28 * kDay / 1000));
    ASSERT_TRUE(it.clean_log(clock_.now().ms(), INT64_MAX));
    const auto left = names();
    for (int64_t v = 0; v <= 8; ++v) {
        EXPECT_EQ(left.contains(commit_name(v)), v >= 6) << v;
        if (v > 0) {
            EXPECT_EQ(left.contains(checksum_name(v)), v >= 6) << v;
        }
    }
    EXPECT_EQ(
        std::ranges::count_if(left, [](auto& name) { return name.ends_with("compacted.json"); }),
        1);
    EXPECT_EQ(list_log(disk_, log())->checkpoints.size(), 1);
    EXPECT_EQ(names("/_sidecars").size(), 3);
    EXPECT_EQ(files(), "f1 f2 f3 f4 f5 f6 f7 f8");
    // What a checkpoint left that was not finished stays a day, since one may be under way.
    put_file("_sidecars/orphan.parquet", "x");
    put(9, add("f9"));
    ASSERT_TRUE(it.refresh());
    ASSERT_TRUE(it.write_checkpoint(options()));
    clock_.advance(Duration::seconds(3600));
    ASSERT_TRUE(it.clean_log(clock_.now().ms() + 40 * kDay, INT64_MAX));
    EXPECT_FALSE(names("/_sidecars").contains("orphan.parquet"));
    EXPECT_EQ(names("/_sidecars").size(), 1);
    EXPECT_EQ(files(), "f1 f2 f3 f4 f5 f6 f7 f8 f9");
}

}  // namespace
}  // namespace tarn::delta
