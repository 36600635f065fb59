// The log as it runs in production: its own threads, the local disk, many callers at once.

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "log_fixture.h"

namespace tarn::log::testing {
namespace {

class ThreadsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        folder = fmt::format("{}/tarn-log-{}", ::testing::TempDir(), getpid());
        options.folder = folder;
        options.segment_bytes = 1 << 20;
        options.head_cache_bytes = 256 << 10;
        options.start_number = 0;
    }
    void TearDown() override {
        log.reset();
        std::filesystem::remove_all(folder);
    }
    void open() {
        ++options.start_number;
        auto opened = Log::open(options, {fs, clock, random, failpoints, metrics, Logger()});
        ASSERT_TRUE(opened.has_value()) << opened.error().message();
        log = std::move(*opened);
    }

    std::string folder;
    io::LocalFileSystem fs;
    SystemClock clock;
    Random random{1};
    io::Failpoints failpoints;
    Metrics metrics;
    LogOptions options;
    std::unique_ptr<Log> log;
};

TEST_F(ThreadsTest, ManyProducersAndReadersAtOnce) {
    constexpr int kProducers = 4, kEach = 300, kPartitions = 3;
    open();
    auto info =
        log->create_topic("t", {.partitions = kPartitions, .retention = Duration::seconds(-1)});
    ASSERT_TRUE(info.has_value());
    log->start_retention();
    std::atomic<int> acknowledged = 0, refused = 0, moved = 0;
    std::atomic<bool> stop = false;
    auto token = log->add_listener([&](auto partitions) { moved += int(partitions.size()); });
    std::vector<std::jthread> threads;
    for (int t = 0; t < kProducers; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kEach; ++i) {
                AppendRequest request{
                    {info->id, i % kPartitions},
                    make_batch(fmt::format("p{}-{}", t, i), {.value_bytes = 2000}),
                    {},
                    false};
                log->append(std::move(request), [&](AppendOutcome o) {
                    ++(o.code == AppendCode::kOk ? acknowledged : refused);
                });
                if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        });
    }
    std::jthread reader([&] {
        int64_t seen = 0;
        while (!stop) {
            auto back = read_all(*log, {info->id, 0}, 0, 100'000);
            ASSERT_EQ(back.error, "");
            ASSERT_GE(int64_t(back.offsets.size()), seen);
            seen = int64_t(back.offsets.size());
        }
    });
    std::jthread keeper([&] {
        while (!stop) {
            ASSERT_TRUE(log->run_retention().has_value());
            ASSERT_TRUE(log->new_producer_id().has_value());
            (void)log->usage();
            (void)log->writer_position({info->id, 0}, 1);
        }
    });
    threads.clear();
    auto last = log->append_and_wait({{info->id, 0}, make_batch("last"), {}, false});
    EXPECT_EQ(last.code, AppendCode::kOk);
    stop = true;
    reader.join();
    keeper.join();
    log->remove_listener(token);
    log->close();
    EXPECT_EQ(acknowledged, kProducers * kEach);
    EXPECT_EQ(refused, 0);
    EXPECT_GT(moved, 0);
    log.reset();
    open();
    size_t records = 0;
    for (int p = 0; p < kPartitions; ++p) {
        auto back = read_all(*log, {info->id, p}, 0, 1 << 20);
        EXPECT_EQ(back.error, "");
        records += back.offsets.size();
    }
    EXPECT_EQ(records, size_t(kProducers * kEach + 1));
}

}  // namespace
}  // namespace tarn::log::testing
