// What is done behind commits: checksums and checkpoints.

#include <gtest/gtest.h>

#include <future>

#include "lake_test_support.h"
#include "later.h"
#include "tarn/delta/log_files.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using namespace lake::testing;  // NOLINT

class LaterTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto opened = Lake::open("/lake", {disk_, clock_, random_, failpoints_, metrics_, Logger(),
                                           *engine_, kKeepDropped, true});
        ASSERT_TRUE(opened);
        lake_ = std::move(*opened);
    }
    void make(int appends) {
        ASSERT_EQ(problem(lake_->ensure_table({"s.t", kEventColumns, {}, {}, ""})), "");
        for (int n = 0; n < appends; ++n)
            ASSERT_TRUE(lake_->append(append_of("s.t", events(n, 1), n, clock_.now())));
    }
    bool has(int64_t version) {
        return disk_.exists("/lake/s/t/_delta_log/" + delta::checksum_name(version));
    }

    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    Random random_{1};
    io::Failpoints failpoints_;
    Metrics metrics_;
    std::unique_ptr<sql::Engine> engine_ = World::make_engine(disk_);
    std::unique_ptr<Lake> lake_;
};

TEST_F(LaterTest, EachVersionGetsOne) {
    make(30);
    EXPECT_EQ(problem(lake_->verify("s.t")), "");  // waits for them
    for (int64_t version = 0; version <= 30; ++version)
        EXPECT_TRUE(has(version)) << version;
    EXPECT_TRUE(disk_.exists("/lake/s/t/_delta_log/" + delta::checkpoint_name(30)));
    ASSERT_TRUE(lake_->append(append_of("s.t", events(99, 1), 99, clock_.now())));
    lake_.reset();
    EXPECT_TRUE(has(31)) << "whoever ends writes what waits";
}

TEST_F(LaterTest, NoneComesToAnotherTableOfTheName) {
    for (int round = 0; round < 20; ++round) {
        make(10);
        ASSERT_EQ(problem(lake_->drop_table("s.t")), "");
        make(1);
        EXPECT_EQ(problem(lake_->verify("s.t")), "");
        EXPECT_FALSE(has(2));
        EXPECT_FALSE(disk_.exists("/lake/s/t/_delta_log/" + delta::checkpoint_name(10)));
        ASSERT_EQ(problem(lake_->purge_table("s.t")), "");
    }
}

TEST_F(LaterTest, OfOneNameTheNewestIsDoneAndOfTooManyTheNewest) {
    std::vector<int> done;
    {
        Later later;
        std::promise<void> begun, go;
        later.put("first", [&] {
            begun.set_value();
            go.get_future().wait();
        });
        begun.get_future().wait();
        later.put("same", [&] { done.push_back(-1); });
        later.put("same", [&] { done.push_back(-2); });
        for (int n = 0; n < int(Later::kMostWaiting); ++n)
            later.put(std::to_string(n), [&done, n] { done.push_back(n); });
        go.set_value();
    }
    ASSERT_EQ(done.size(), Later::kMostWaiting);
    EXPECT_EQ(done.front(), 0) << "the oldest is left out";
}

}  // namespace
}  // namespace tarn::lake
