// What untrusted SQL may take: the engine's memory, also inside one vector, and disk behind it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "duck.h"
#include "tarn/base/error_ids.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/result.h"

namespace tarn::sql {
namespace {

constexpr int64_t kLimit = 128 << 20;

#ifdef __SANITIZE_ADDRESS__
constexpr bool kFreedMemoryGoes = false;  // it is kept for a while
#else
constexpr bool kFreedMemoryGoes = true;
#endif

class Discarding final : public ResultSink {
  public:
    Status begin(std::span<const ResultColumn>) override { return {}; }
    Status batch(const ResultBatch&) override { return {}; }
};

// MiB of this process at its most since reset_peak().
int64_t peak_mib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) >> 10;
    return -1;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

class Untrusted : public ::testing::TestWithParam<const char*> {
  protected:
    Untrusted() {
        EngineOptions options;
        options.memory_bytes = kLimit;
        options.restricted = true;
        options.spill_folder = folder_ + "/not/yet/there";
        auto engine = Engine::open(options, files_, nullptr);
        EXPECT_TRUE(engine) << engine.error().message();
        engine_ = std::move(*engine);
        session_ = std::move(*engine_->session());
    }
    ~Untrusted() override {
        session_.reset();
        engine_.reset();
        EXPECT_TRUE(files_.remove_tree(folder_));
    }
    Result<QueryStats> ask(std::string_view sql) {
        Discarding sink;
        return session_->query(sql, {.timeout = Duration::seconds(120)}, sink);
    }

    io::LocalFileSystem files_;
    const std::string folder_ =
        ::testing::TempDir() + "tarn_sql_memory_" + std::to_string(getpid());
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Session> session_;
};

TEST_P(Untrusted, TakesNoMoreThanItsMemory) {
    ASSERT_TRUE(ask("select 1"));
    const auto before = peak_mib();
    reset_peak();
    const auto answer = ask(GetParam());
    ASSERT_FALSE(answer) << "this much fits nowhere";
    EXPECT_EQ(answer.error().id(), errors::kSqlMemory) << answer.error().message();
    if (kFreedMemoryGoes) {
        EXPECT_LT(peak_mib(), before + 4 * (kLimit >> 20));
    }
    EXPECT_FALSE(engine_->failed());
    EXPECT_TRUE(ask("select sum(length(repeat('x', 1000))) from range(10000)")) << "it goes on";
    EXPECT_EQ(metered_bytes(*engine_->impl().meter), 0u) << "all is given back";
}

INSTANTIATE_TEST_SUITE_P(
    InsideOneVector, Untrusted,
    ::testing::Values(
        "select sum(length(repeat('x', 1000000 + i))) from range(100000) t(i)",
        "select length(repeat('x', 3000000000))",
        "select sum(len(range(1000000 + i))) from range(100000) t(i)",
        "select len(range(4000000000))",
        "select sum(length(lpad('x', 1000000 + i::int, 'y'))) from range(100000) t(i)",
        "select sum(length(replace(repeat('a', 10000), 'a', repeat('b', 10000 + i)))) "
        "from range(1000) t(i)",
        "select length(string_agg(repeat('x', 1000000 + i))) from range(10000) t(i)",
        "select len(list(repeat('x', 1000000 + i))) from range(10000) t(i)",
        "with a as (select repeat('x', 1000000) as s), b as (select s||s||s||s as s "
        "from a), c as (select s||s||s||s as s from b), d as (select s||s||s||s||s as "
        "s from c) select length(s||s||s||s||s||s) from d"));

class Spilling : public Untrusted {};

TEST_F(Spilling, UsesTheDiskBehindIt) {
    const auto grouped =
        ask("select count(*) from (select hash(i) as h, i::varchar as t, count(*) as n "
            "from range(6000000) t(i) group by all)");
    EXPECT_TRUE(grouped) << grouped.error().message();
}

// Files are kept in memory while there is room, and make room for others.
TEST(ReadingFiles, TakesNoMemoryForGood) {
    io::LocalFileSystem files;
    const auto folder = ::testing::TempDir() + "tarn_sql_files_" + std::to_string(getpid());
    ASSERT_TRUE(files.create_folders(folder + "/_delta_log"));
    std::ofstream log(folder + "/_delta_log/00000000000000000000.json");
    log << R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})" << '\n'
        << R"({"metaData":{"id":"1","format":{"provider":"parquet","options":{}},"schemaString":)"
        << R"("{\"type\":\"struct\",\"fields\":[{\"name\":\"s\",\"type\":\"string\",)"
        << R"(\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{}}})"
        << '\n';
    {
        auto maker = Engine::open({}, files, nullptr);
        ASSERT_TRUE(maker);
        auto session = *(*maker)->session();
        for (int file = 0; file < 16; ++file) {
            const auto name = "part-" + std::to_string(file) + ".parquet";
            ASSERT_TRUE(session->execute(
                "COPY (SELECT md5((i + " + std::to_string(file) +
                " * 100000)::varchar) || md5(i::varchar) AS s FROM range(100000) r(i)) TO '" +
                folder + "/" + name + "' (FORMAT parquet, COMPRESSION uncompressed)"));
            log << R"({"add":{"path":")" << name << R"(","partitionValues":{},"size":)"
                << std::filesystem::file_size(folder + "/" + name)
                << R"(,"modificationTime":0,"dataChange":true}})" << '\n';
        }
    }
    log.close();
    EngineOptions options;
    options.memory_bytes = 128 << 20;
    options.restricted = true;
    options.allow_delta_scan = true;
    auto engine = Engine::open(options, files, nullptr);
    ASSERT_TRUE(engine);
    for (int round = 0; round < 4; ++round) {
        Discarding sink;
        const auto read = (*(*engine)->session())
                              ->query("SELECT max(s) FROM delta_scan('" + folder + "')", {}, sink);
        ASSERT_TRUE(read) << round << ": " << read.error().message();
    }
    EXPECT_TRUE(files.remove_tree(folder));
}

}  // namespace
}  // namespace tarn::sql
