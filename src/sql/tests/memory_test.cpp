// What untrusted SQL may take: the engine's memory, also inside one vector, and disk behind it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "duck.h"
#include "tarn/base/error_ids.h"
#include "tarn/sql/error_ids.h"
#include "tarn/sql/result.h"

namespace tarn::errors {
extern const ErrorId kSqlMemory;
}  // namespace tarn::errors

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

}  // namespace
}  // namespace tarn::sql
