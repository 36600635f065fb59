#include "offset_store.h"

#include <gtest/gtest.h>

#include "tarn/io/failpoints.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::kafka {
namespace {

class OffsetStoreTest : public testing::Test {
  protected:
    OffsetStoreTest() : disk_(1, clock_) { open(); }
    void open() {
        store_.reset();
        log_.reset();
        log::LogOptions options;
        options.folder = "log";
        options.segment_bytes = 16 << 20;
        options.start_number = ++start_;
        options.threads = false;
        auto log =
            log::Log::open(options, {disk_, clock_, random_, failpoints_, metrics_, Logger()});
        ASSERT_TRUE(log) << log.error().message();
        log_ = std::move(*log);
        auto store = OffsetStore::open(*log_, Logger(), 20'000);
        ASSERT_TRUE(store) << store.error().message();
        store_ = std::move(*store);
    }
    // Commits and waits until it is durable.
    KafkaError commit(std::vector<OffsetChange> changes) {
        std::optional<KafkaError> done;
        store_->commit(std::move(changes), [&](KafkaError e) { done = e; });
        for (int i = 0; i < 100 && !done; ++i)
            log_->step();
        return done.value_or(KafkaError::kRequestTimedOut);
    }
    OffsetChange change(const std::string& group, int32_t partition, int64_t offset) {
        return {group, {topic_, partition}, CommittedOffset{offset, 0, 1, "m"}};
    }

    ManualClock clock_;
    io::SimulatedDisk disk_;
    Random random_{1};
    io::Failpoints failpoints_;
    Metrics metrics_;
    uint64_t start_ = 0;
    Uuid topic_ = Uuid::make(random_);
    std::unique_ptr<log::Log> log_;
    std::shared_ptr<OffsetStore> store_;
};

TEST_F(OffsetStoreTest, ACommitIsSeenOnlyOnceItIsDurable) {
    bool done = false;
    store_->commit({change("g", 0, 5)}, [&](KafkaError) { done = true; });
    EXPECT_FALSE(store_->find("g", {topic_, 0}));
    EXPECT_FALSE(done);
    while (log_->step()) {
    }
    EXPECT_TRUE(done);
    EXPECT_EQ(store_->find("g", {topic_, 0})->offset, 5);
}

TEST_F(OffsetStoreTest, TheNewestOfEachPartitionSurvivesARestart) {
    EXPECT_EQ(commit({change("g", 0, 1), change("g", 1, 2)}), KafkaError::kNone);
    EXPECT_EQ(commit({change("g", 0, 3), change("h", 0, 4)}), KafkaError::kNone);
    EXPECT_EQ(commit({{"h", {topic_, 0}, std::nullopt}}), KafkaError::kNone);
    open();
    EXPECT_EQ(store_->find("g", {topic_, 0})->offset, 3);
    EXPECT_EQ(store_->find("g", {topic_, 1})->offset, 2);
    EXPECT_EQ(store_->groups(), std::vector<std::string>{"g"});
}

TEST_F(OffsetStoreTest, TheTopicIsShortenedAndNothingIsLost) {
    const log::PartitionId id{store_->topic_id(), 0};
    for (int64_t i = 0; i < 2000; ++i)
        ASSERT_EQ(commit({change("g" + std::to_string(i % 7), int32_t(i % 3), i)}),
                  KafkaError::kNone);
    EXPECT_GT(log_->offsets(id)->log_start_offset, 0);
    EXPECT_LT(log_->offsets(id)->high_watermark - log_->offsets(id)->log_start_offset, 1000);
    const auto check = [&] {
        for (int64_t i = 2000 - 21; i < 2000; ++i)
            EXPECT_EQ(store_->find("g" + std::to_string(i % 7), {topic_, int32_t(i % 3)})->offset,
                      i);
    };
    check();
    open();
    check();
}

// Commits that come while a snapshot is being written are held back, not lost, and stay newer than
// it.
TEST_F(OffsetStoreTest, CommitsDuringASnapshotWaitForIt) {
    int done = 0;
    for (int64_t i = 0; i < 3000; ++i) {
        store_->commit({change("g", int32_t(i % 5), i)}, [&](KafkaError e) {
            EXPECT_EQ(e, KafkaError::kNone);
            ++done;
        });
        if (i % 13 == 0) log_->step();
    }
    while (log_->step()) {
    }
    EXPECT_EQ(done, 3000);
    open();
    for (int64_t i = 2995; i < 3000; ++i)
        EXPECT_EQ(store_->find("g", {topic_, int32_t(i % 5)})->offset, i);
}

TEST(OffsetRecord, IsReadBackAndDamageIsAnError) {
    Random random(5);
    OffsetChange change{"group", {Uuid::make(random), 3}, CommittedOffset{7, 1, 99, "meta"}};
    const auto key = encode_offset_key(change);
    const auto value = encode_offset_value(*change.value);
    const auto back = decode_offset_record(key, value);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->group, "group");
    EXPECT_EQ(back->partition, change.partition);
    EXPECT_EQ(back->value, change.value);
    EXPECT_FALSE(decode_offset_record(key, std::nullopt)->value);
    for (size_t n = 0; n < key.size(); ++n)
        EXPECT_FALSE(decode_offset_record(std::string_view(key).substr(0, n), value));
    for (size_t n = 0; n < value.size(); ++n)
        EXPECT_FALSE(decode_offset_record(key, std::string_view(value).substr(0, n)));
}

}  // namespace
}  // namespace tarn::kafka
