// Which commits may follow which, and random histories of writers that do not see each other
// against a table that they change one after another.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <set>

#include "tarn/base/ids.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/table.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::delta {
namespace {

class ConflictTest : public ::testing::Test {
  protected:
    void SetUp() override { make({}); }
    void make(StringMap properties) {
        CommitRequest first;
        first.protocol = Protocol{3, 7, {{"deletionVectors"}}, {{"deletionVectors"}}};
        first.metadata.emplace();
        first.metadata->id = "id";
        first.metadata->schema =
            R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":true,)"
            R"("metadata":{}}]})";
        first.metadata->configuration = std::move(properties);
        first.info = info("CREATE TABLE", true);
        table_ = std::make_unique<Table>(disk_, "/t" + std::to_string(tables_++), nullptr);
        ASSERT_TRUE(table_->create(std::move(first)));
    }
    static CommitInfo info(std::string operation, bool blind) {
        static int number = 0;
        CommitInfo out;
        out.operation = std::move(operation);
        out.txn_id = "txn" + std::to_string(number++);
        out.blind_append = blind;
        return out;
    }
    static AddFile file(std::string path) {
        AddFile out;
        out.path = std::move(path);
        out.size = 1;
        out.records = 1;
        return out;
    }
    static RemoveFile gone(const AddFile& file) {
        RemoveFile out;
        out.path = file.path;
        out.deletion_vector = file.deletion_vector;
        return out;
    }
    CommitRequest append(const std::string& path) {
        CommitRequest out;
        out.adds = {file(path)};
        out.info = info("WRITE", true);
        return out;
    }
    CommitRequest removal(const std::string& path, Reads reads) {
        CommitRequest out;
        out.removes = {gone(file(path))};
        out.reads = std::move(reads);
        out.info = info("DELETE", false);
        return out;
    }
    std::shared_ptr<const Snapshot> now() { return *table_->refresh(); }
    void commit(CommitRequest request) {
        auto made = table_->commit(std::move(request), *now());
        ASSERT_TRUE(made) << made.error().message();
    }
    // What a commit that was prepared before these others came is told; empty: it is made.
    std::string told(CommitRequest request, std::vector<CommitRequest> others) {
        const auto read = now();
        for (auto& other : others)
            commit(std::move(other));
        auto made = table_->commit(std::move(request), *read);
        if (made) return "";
        EXPECT_EQ(made.error().code(), ErrorCode::kConflict);
        return made.error().message();
    }
    static Reads all(Isolation isolation = Isolation::kWriteSerializable) {
        return {isolation, nullptr};
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    std::unique_ptr<Table> table_;
    int tables_ = 0;
};

TEST_F(ConflictTest, BlindAppendsMatterOnlyToSerializable) {
    commit(append("a"));
    EXPECT_EQ(told(append("b"), {append("c"), append("d")}), "");
    EXPECT_EQ(told(removal("a", all()), {append("e")}), "");
    const auto said = told(removal("b", all(Isolation::kSerializable)), {append("f")});
    EXPECT_NE(said.find("added rows that this should have read"), std::string::npos) << said;
    EXPECT_NE(said.find("(WRITE)"), std::string::npos) << said;
    // What this asked for cannot be in the file that came.
    EXPECT_EQ(told(removal("b", {Isolation::kSerializable,
                                 [](const AddFile& file) { return file.path != "g"; }}),
                   {append("g")}),
              "");
    // Who says nothing of having read nothing has read.
    auto silent = append("h");
    silent.info.blind_append = std::nullopt;
    EXPECT_NE(told(removal("c", all()), {silent}), "");
}

TEST_F(ConflictTest, TwoThatTakeAwayTheSame) {
    commit(append("a"));
    commit(append("b"));
    auto said = told(removal("a", Reads::nothing()), {removal("a", Reads::nothing())});
    EXPECT_NE(said.find("took away a file that this changes: a"), std::string::npos) << said;
    said = told(removal("b", all()), {append("c"), removal("c", all())});
    EXPECT_EQ(said, "");  // it came after it was read
    commit(append("d"));
    commit(append("e"));
    said = told(removal("d", all()), {removal("e", Reads::nothing())});
    EXPECT_NE(said.find("took away a file that this has read: e"), std::string::npos) << said;
    // A compaction minds only the files that it takes away itself.
    commit(append("f"));
    commit(append("g"));
    EXPECT_EQ(told(removal("f", all(Isolation::kSnapshot)), {removal("g", all()), append("h")}),
              "");
}

TEST_F(ConflictTest, TwoVectorsOfOneFile) {
    commit(append("a"));
    auto marks = [&](uint64_t row) {
        DeletionVectorFile vectors(Uuid{{uint8_t(row)}});
        CommitRequest out = removal("a", Reads::nothing());
        auto add = file("a");
        add.deletion_vector = std::make_shared<const DeletionVector>(vectors.add({{row}}));
        out.adds = {add};
        return out;
    };
    const auto said = told(marks(1), {marks(2)});
    EXPECT_NE(said.find("took rows of a file that this changes: a"), std::string::npos) << said;
    EXPECT_EQ(now()->files.size(), 1u);
}

TEST_F(ConflictTest, MarkedRowsOfOneFile) {
    auto big = append("a");
    big.adds[0].records = 100;
    commit(std::move(big));
    uint8_t number = 0;
    auto marks = [&](std::vector<uint64_t> rows, std::vector<uint64_t> rests = {}) {
        CommitRequest out;
        out.marks = {{"a", std::make_shared<const RowSet>(rows)}};
        out.new_id = [&number] { return Uuid{{++number}}; };
        out.reads = all(Isolation::kSerializable);
        out.reads->by_row = true;
        if (!rests.empty()) out.reads->rows = {{"a", std::make_shared<const RowSet>(rests)}};
        out.info = info("DELETE", false);
        return out;
    };
    auto live = [&] {
        const auto table = now();
        EXPECT_EQ(table->files.size(), 1u);
        return table->rows;
    };
    EXPECT_EQ(told(marks({1, 70}), {marks({2}), marks({3, 71})}), "");
    EXPECT_EQ(live(), 95);
    auto said = told(marks({5, 6}), {marks({7}), marks({6})});
    EXPECT_NE(said.find("took rows that this changes, of file a"), std::string::npos) << said;
    said = told(marks({8}, {9}), {marks({9})});
    EXPECT_NE(said.find("took rows that this has read, of file a"), std::string::npos) << said;
    auto coarse = marks({10});
    coarse.reads->by_row = false;
    said = told(std::move(coarse), {marks({11})});
    EXPECT_NE(said.find("took rows that this has read, of file a"), std::string::npos) << said;
    // Two that leave none together: the file is removed.
    std::vector<uint64_t> rest, half;
    for (uint64_t row = 12; row < 100; ++row)
        if (row != 70 && row != 71) (row % 2 ? rest : half).push_back(row);
    commit(marks({0, 4, 5, 8, 10}));
    EXPECT_EQ(told(marks(rest), {marks(half)}), "");
    EXPECT_EQ(now()->files.size(), 0u);
    // Vectors of attempts that were lost are gone.
    int vectors = 0;
    const auto entries = *disk_.list(table_->root());
    for (const auto& entry : entries)
        vectors += entry.name.starts_with("deletion_vector_");
    EXPECT_EQ(vectors, 9);
}

TEST_F(ConflictTest, MetadataAndTransactions) {
    commit(append("a"));
    auto described = [&](Reads reads) {
        CommitRequest out;
        out.metadata = *now()->metadata;
        out.metadata->description = "text";
        out.reads = std::move(reads);
        out.info = info("SET COMMENT", false);
        return out;
    };
    EXPECT_EQ(told(described(Reads::nothing()), {append("b")}), "");
    EXPECT_NE(told(described(all()), {append("c")}), "") << "a new rule for rows sees every row";
    EXPECT_NE(told(append("d"), {described(Reads::nothing())}).find("metadata"), std::string::npos);
    auto counted = [&](int64_t version) {
        auto out = append("e" + std::to_string(version));
        out.transactions = {{"flow", version, std::nullopt}};
        return out;
    };
    EXPECT_NE(told(counted(1), {counted(2)}).find("transaction of flow"), std::string::npos);
}

// Values in a file, by its path: files are names alone here.
using Values = std::map<std::string, std::multiset<int>>;

class RandomWriters : public ConflictTest, public ::testing::WithParamInterface<uint64_t> {
  protected:
    // A writer's plan: to take away values v with v % of == rest, or to add some.
    struct Plan {
        std::shared_ptr<const Snapshot> read;
        int of = 0, rest = 0;  // of 0: it adds
        std::multiset<int> values;
    };
    Plan plan() {
        Plan out;
        out.read = now();
        if (random_.chance(0.5)) {
            out.of = int(2 + random_.below(3));
            out.rest = int(random_.below(uint64_t(out.of)));
        } else {
            for (auto i = 1 + random_.below(4); i > 0; --i)
                out.values.insert(int(random_.below(50)));
        }
        return out;
    }
    static bool takes(const Plan& plan, int value) {
        return plan.of && value % plan.of == plan.rest;
    }
    CommitRequest request_of(const Plan& plan) {
        CommitRequest out;
        if (!plan.of) {
            out = append("f" + std::to_string(files_++));
            values_[out.adds[0].path] = plan.values;
            return out;
        }
        out.info = info("DELETE", false);
        const auto holds = [this, plan](const AddFile& file) {
            return std::ranges::any_of(values_.at(file.path),
                                       [&](int v) { return takes(plan, v); });
        };
        out.reads = Reads{Isolation::kSerializable, holds};
        plan.read->files.each([&](const auto& file) {
            if (!holds(*file)) return;
            out.removes.push_back(gone(*file));
            std::multiset<int> rest;
            for (int v : values_.at(file->path))
                if (!takes(plan, v)) rest.insert(v);
            if (rest.empty()) return;
            auto add = ConflictTest::file("f" + std::to_string(files_++));
            values_[add.path] = std::move(rest);
            out.adds.push_back(std::move(add));
        });
        return out;
    }
    std::multiset<int> rows() {
        std::multiset<int> out;
        now()->files.each([&](const auto& file) {
            out.insert(values_.at(file->path).begin(), values_.at(file->path).end());
        });
        return out;
    }

    Random random_{GetParam()};
    Values values_;
    int files_ = 0;
};

TEST_P(RandomWriters, AreAsOneAfterAnother) {
    std::multiset<int> model;
    std::vector<Plan> open;
    int made = 0, refused = 0;
    for (int step = 0; step < 400; ++step) {
        if (open.size() < 6 && random_.chance(0.6)) {
            open.push_back(plan());
            continue;
        }
        if (open.empty()) continue;
        const auto at = random_.below(open.size());
        const auto chosen = std::move(open[at]);
        open.erase(open.begin() + long(at));
        auto request = request_of(chosen);
        if (request.adds.empty() && request.removes.empty()) continue;
        auto outcome = table_->commit(std::move(request), *chosen.read);
        if (!outcome) {
            ASSERT_EQ(outcome.error().code(), ErrorCode::kConflict) << outcome.error().message();
            ++refused;
            continue;
        }
        ++made;
        std::erase_if(model, [&](int v) { return takes(chosen, v); });
        model.insert(chosen.values.begin(), chosen.values.end());
        ASSERT_EQ(rows(), model) << "after step " << step;
    }
    EXPECT_GT(made, 50);
    EXPECT_GT(refused, 5);
    Table other(disk_, table_->root(), nullptr);
    EXPECT_EQ((*other.refresh())->files.size(), now()->files.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWriters, ::testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace tarn::delta
