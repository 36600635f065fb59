// Which files a MERGE need not read, against a look at every key.

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "tarn/base/ids.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/merge_keys.h"

namespace tarn::sql {
namespace {

class MergeKeysTest : public ::testing::Test {
  protected:
    void SetUp() override {
        EngineOptions options;
        options.threads = 1;
        auto opened = Engine::open(options, fs_, nullptr);
        ASSERT_TRUE(opened);
        engine_ = std::move(*opened);
        auto session = engine_->session();
        ASSERT_TRUE(session);
        session_ = std::move(*session);
        table_.metadata = std::make_shared<const delta::Metadata>();
        delta::Schema schema;
        auto add = [&](const char* name, delta::TypeKind kind) {
            auto& field = schema.fields.emplace_back();
            field.name = name;
            field.type.kind = kind;
        };
        add("n", delta::TypeKind::kLong);
        add("t", delta::TypeKind::kString);
        add("d", delta::TypeKind::kDouble);
        table_.schema = std::make_shared<const delta::Schema>(std::move(schema));
    }
    static std::shared_ptr<const delta::AddFile> file(const std::string& stats) {
        auto out = std::make_shared<delta::AddFile>();
        out->stats = stats;
        return out;
    }
    void execute(const std::string& sql) {
        auto done = session_->execute(sql);
        ASSERT_TRUE(done) << done.error().message();
    }
    Files kept(const Files& files, const KeyPair& key) {
        auto out = files_with_keys(*session_, table_, files, key, "s");
        EXPECT_TRUE(out) << out.error().message();
        return out.value_or(Files());
    }

    io::LocalFileSystem fs_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Session> session_;
    delta::Snapshot table_;
};

TEST_F(MergeKeysTest, FilesAreLeftOutExactlyIfNoKeyLiesWithinTheirBounds) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        std::vector<int64_t> keys;
        execute("CREATE OR REPLACE TEMP TABLE s (k BIGINT, k2 VARCHAR)");
        execute("INSERT INTO s VALUES (NULL, NULL)");
        for (uint64_t i = random.below(12); i > 0; --i) {
            keys.push_back(int64_t(random.below(300)) - 50);
            execute(fmt::format("INSERT INTO s VALUES ({0}, printf('%04d', {0}))", keys.back()));
        }
        Files files, expected;
        for (int i = 0; i < 100; ++i) {
            const auto low = int64_t(random.below(250)) - 50;
            const auto high = low + int64_t(random.below(20));
            files.push_back(file(fmt::format(
                R"({{"numRecords":9,"minValues":{{"n":{}}},"maxValues":{{"n":{}}}}})", low, high)));
            if (i % 10 == 0) files.back() = file(R"({"numRecords":9})");
            if (i % 10 == 0 ||
                std::ranges::any_of(keys, [&](int64_t key) { return low <= key && key <= high; }))
                expected.push_back(files.back());
        }
        EXPECT_EQ(kept(files, {"n", "k"}), expected) << seed;
        EXPECT_EQ(kept(files, {"N", "K"}), expected) << seed;
        EXPECT_EQ(kept(files, {"n", "k2"}), files) << "another type";
    }
}

TEST_F(MergeKeysTest, TextsAreOrderedByTheirBytes) {
    execute("CREATE TEMP TABLE s AS SELECT 'bé' AS k, 0.5::DOUBLE AS d");
    const auto before = file(R"({"minValues":{"t":"a"},"maxValues":{"t":"bz"}})");
    const auto with = file(R"({"minValues":{"t":"bz"},"maxValues":{"t":"c"}})");
    EXPECT_EQ(kept({before, with}, {"t", "k"}), Files{with});
    const auto doubles = file(R"({"minValues":{"d":1.0},"maxValues":{"d":2.0}})");
    EXPECT_EQ(kept({doubles}, {"d", "d"}), Files{doubles}) << "NaN has no place among bounds";
    EXPECT_EQ(kept({with}, {"t", "none"}), Files{with});
    EXPECT_EQ(kept({with}, {"none", "k"}), Files{with});
}

TEST_F(MergeKeysTest, PairsAreWhatMustBeEqualBesideAllElse) {
    auto pairs = [](const std::string& on) {
        std::string out;
        for (const auto& pair : key_pairs(on, "t", "s"))
            out += pair.column + "=" + pair.source + " ";
        return out;
    };
    EXPECT_EQ(pairs("t.a = s.b"), "a=b ");
    EXPECT_EQ(pairs("S.b = T.a AND (t.c > 1 AND t.\"D d\" = s.e)"), "a=b D d=e ");
    EXPECT_EQ(pairs("t.a = s.b OR t.c = s.d"), "");
    EXPECT_EQ(pairs("NOT t.a = s.b"), "");
    EXPECT_EQ(pairs("t.a = s.b + 1 AND t.a = 7 AND t.a = t.b AND s.a = s.b AND a = b"), "");
    EXPECT_EQ(pairs("t.a IS NOT DISTINCT FROM s.b"), "");
    EXPECT_EQ(pairs("t.a = "), "");
}

}  // namespace
}  // namespace tarn::sql
