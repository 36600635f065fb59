// Rot: what was acknowledged is read unchanged, or the damage is named. Never anything else.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lane.h"
#include "log_fixture.h"

namespace tarn::log::testing {
namespace {

using ::testing::HasSubstr;

// Forty batches over two partitions and several segments.
class Rotting : public LogWorld {
  public:
    explicit Rotting(bool close) {
        open();
        id = topic("t", {.partitions = 2});
        for (int i = 0; i < 40; ++i) {
            PartitionId to{id.topic, i % 2};
            auto outcome = append(to, make_batch(fmt::format("v{}", i), {.value_bytes = 2500}));
            EXPECT_EQ(outcome.code, AppendCode::kOk);
        }
        log->step();
        if (close)
            log.reset();
        else
            crash();
    }
    // Opens and reads everything. Empty if all is as it was, else what the log says of the damage.
    std::string complaint() {
        auto opened = try_open();
        if (!opened) {
            bool named = opened.error().code() == ErrorCode::kCorrupted ||
                         opened.error().code() == ErrorCode::kUnsupported;
            EXPECT_TRUE(named) << opened.error().message();
            return opened.error().message();
        }
        log = std::move(*opened);
        for (int p = 0; p < 2; ++p) {
            auto back = read_all(*log, {id.topic, p}, 0);
            if (!back.error.empty()) return back.error;
            if (back.values.size() != 20) return "SILENT LOSS";
            for (int i = 0; i < 20; ++i) {
                auto expected = fmt::format("v{}-0", 2 * i + p);
                if (!back.values[size_t(i)].starts_with(expected)) return "SILENT CHANGE";
            }
        }
        return {};
    }
    std::vector<std::string> files() {
        std::vector<std::string> paths{"data/log/topics"};
        auto listed = disk.list("data/log/lane-0");
        for (auto& f : *listed) {
            if (!f.name.starts_with("spare")) paths.push_back("data/log/lane-0/" + f.name);
        }
        return paths;
    }
    std::string newest() {
        std::string last;
        for (auto& path : files()) {
            if (path.ends_with(".seg")) last = std::max(last, path);
        }
        return last;
    }
    static std::string segment(int number) {
        return fmt::format("data/log/lane-0/{:016x}.seg", number);
    }
    PartitionId id;
};

TEST(LogDamage, NoRottenBitAfterAnOrderlyCloseIsSilent) {
    Random where(5);
    int named = 0;
    for (int round = 0; round < 300; ++round) {
        Rotting world(true);
        auto paths = world.files();
        auto& path = paths[size_t(round) % paths.size()];
        auto at = where.below(world.disk.stat(path)->size);
        ASSERT_TRUE(world.disk.rot(path, at).has_value());
        auto said = world.complaint();
        EXPECT_THAT(said, ::testing::Not(HasSubstr("SILENT"))) << path << " at " << at;
        named += !said.empty();
    }
    EXPECT_GT(named, 50);
}

TEST(LogDamage, RotInTheTailIsRefusedWhenALaterBlockProvesItDurable) {
    Rotting world(false);
    // Its first block lies behind the header.
    ASSERT_TRUE(world.disk.rot(world.newest(), kPage + 300).has_value());
    EXPECT_THAT(world.complaint(), HasSubstr("acknowledged data is damaged"));
}

TEST(LogDamage, DamageInTheLastWindowOfACrashIsATear) {
    Rotting world(false);
    auto opened = world.try_open();
    ASSERT_TRUE(opened.has_value());
    opened->reset();  // closes in order, but nothing was written
    world.open();
    ASSERT_EQ(world.append(world.id, make_batch("last")).base_offset, 20);
    world.crash();
    ASSERT_TRUE(world.disk.rot(world.newest(), kPage + 200).has_value());
    world.open();
    EXPECT_EQ(world.log->offsets(world.id)->high_watermark, 20);
}

TEST(LogDamage, AMissingSegmentIsNamed) {
    Rotting world(true);
    ASSERT_TRUE(world.disk.remove(Rotting::segment(1)).has_value());
    EXPECT_THAT(world.complaint(), HasSubstr("0000000000000001.seg is missing"));
}

TEST(LogDamage, ABrokenIndexIsMadeAnewFromTheBlocks) {
    Rotting world(true);
    auto index = std::string("data/log/lane-0/0000000000000001.idx");
    ASSERT_TRUE(world.disk.stat(index).has_value());
    for (auto at : {0u, 20u, 100u}) {
        ASSERT_TRUE(world.disk.rot(index, at).has_value());
        EXPECT_EQ(world.complaint(), "");
        world.log.reset();
    }
    ASSERT_TRUE(world.disk.remove(index).has_value());
    EXPECT_EQ(world.complaint(), "");
    world.log->step();
    EXPECT_TRUE(world.disk.stat(index).has_value());
}

TEST(LogDamage, ALogWithoutItsTopicsIsRefused) {
    Rotting world(true);
    ASSERT_TRUE(world.disk.remove("data/log/topics").has_value());
    EXPECT_THAT(world.complaint(), HasSubstr("no data/log/topics"));
}

TEST(LogDamage, ALaterStartFencesAnEarlierOne) {
    Rotting world(true);
    world.open();
    world.append(world.id, make_batch("x"));
    world.log.reset();
    world.options.start_number = 0;
    EXPECT_EQ(world.try_open().error().code(), ErrorCode::kConflict);
}

}  // namespace
}  // namespace tarn::log::testing
