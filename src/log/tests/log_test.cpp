// What Log promises, method by method, on a simulated disk.

#include "tarn/log/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log_fixture.h"

namespace tarn::log::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogTest : public ::testing::Test, public LogWorld {
  protected:
    void SetUp() override { open(); }
};

TEST_F(LogTest, AppendsAreReadBackInOrderByteForByte) {
    auto id = topic("clicks");
    auto first = make_batch("a", {.records = 2});
    auto outcome = append(id, first);
    EXPECT_EQ(outcome.code, AppendCode::kOk);
    EXPECT_EQ(outcome.base_offset, 0);
    EXPECT_EQ(outcome.last_offset, 1);
    EXPECT_EQ(append(id, make_batch("b")).base_offset, 2);
    auto fetched = log->fetch(id, 0, 1);
    ASSERT_EQ(fetched.code, FetchCode::kOk);
    ASSERT_EQ(fetched.slices.size(), 1u);
    EXPECT_EQ(fetched.slices[0].bytes, first);
    EXPECT_EQ(fetched.high_watermark, 3);
    EXPECT_THAT(read_all(*log, id, 1).offsets, ElementsAre(1, 2));
}

TEST_F(LogTest, NothingIsReadableBeforeItIsDurable) {
    auto id = topic("clicks");
    bool done = false;
    log->append({id, make_batch("a"), {}, false}, [&](AppendOutcome o) {
        EXPECT_EQ(o.code, AppendCode::kOk);
        done = true;
    });
    EXPECT_FALSE(done);
    EXPECT_EQ(log->offsets(id)->high_watermark, 0);
    EXPECT_TRUE(log->step());
    EXPECT_TRUE(done);
    EXPECT_EQ(log->offsets(id)->high_watermark, 1);
    EXPECT_FALSE(log->step());
}

TEST_F(LogTest, AcknowledgedRecordsSurviveACrash) {
    auto id = topic("clicks");
    for (int i = 0; i < 50; ++i)
        append(id, make_batch(fmt::format("v{}", i), {.value_bytes = 3000}));
    crash();
    open();
    auto back = read_all(*log, id, 0);
    EXPECT_EQ(back.error, "");
    ASSERT_EQ(back.offsets.size(), 50u);
    EXPECT_THAT(back.values[49], HasSubstr("v49"));
    EXPECT_EQ(append(id, make_batch("next")).base_offset, 50);
}

TEST_F(LogTest, ManyPartitionsShareASegmentAndKeepTheirOffsets) {
    auto id = topic("clicks", {.partitions = 3});
    int done = 0;
    for (int i = 0; i < 30; ++i) {
        log->append({{id.topic, i % 3}, make_batch(fmt::format("v{}", i)), {}, false},
                    [&, i](AppendOutcome o) {
                        EXPECT_EQ(o.base_offset, i / 3);
                        EXPECT_EQ(i, done++);
                    });
    }
    EXPECT_TRUE(log->step());
    EXPECT_EQ(done, 30);
    reopen();
    for (int p = 0; p < 3; ++p) {
        auto back = read_all(*log, {id.topic, p}, 0);
        EXPECT_EQ(back.offsets.size(), 10u);
        EXPECT_THAT(back.values.back(), HasSubstr(fmt::format("v{}", 27 + p)));
    }
}

}  // namespace
}  // namespace tarn::log::testing
