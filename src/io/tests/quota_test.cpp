#include "tarn/io/quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"

namespace tarn::io {
namespace {

class Quota : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(disk_.create_folders("data/log")); }
    void set(uint64_t bytes) { set(std::to_string(bytes)); }
    void set(const std::string& text) {
        ASSERT_TRUE(disk_.replace("data/QUOTA", text));
        clock_.advance(Duration::seconds(1));
    }
    void lift() {
        ASSERT_TRUE(disk_.remove("data/QUOTA"));
        clock_.advance(Duration::seconds(1));
    }
    ManualClock clock_;
    SimulatedDisk disk_{1, clock_};
    QuotaFileSystem fs_{disk_, clock_, "data"};
};

TEST_F(Quota, WithoutOneEverythingIsTaken) {
    auto file = fs_.open("data/log/a", {OpenMode::kCreate, false});
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->allocate(1 << 20));
    EXPECT_TRUE((*file)->write_at(0, std::string(1000, 'x')));
    EXPECT_TRUE(fs_.replace("data/b", "text"));
}

TEST_F(Quota, RefusesWhatIsPastItAndSaysSo) {
    ASSERT_TRUE(fs_.replace("data/log/old", std::string(900, 'x')));
    set(1000);
    auto file = fs_.open("data/log/a", {OpenMode::kCreate, false});
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->write_at(0, std::string(50, 'x')));
    for (auto refused : {(*file)->write_at(50, std::string(200, 'x')), (*file)->allocate(4096),
                         fs_.put_if_absent("data/c", std::string(200, 'x')),
                         fs_.replace("data/log/old", std::string(200, 'x'))}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
        EXPECT_THAT(refused.error().message(), testing::HasSubstr("data/QUOTA"));
    }
    EXPECT_EQ(*(*file)->size(), 50u) << "what was refused changed nothing";
    EXPECT_FALSE(fs_.exists("data/c"));
    EXPECT_EQ(fs_.read_all("data/log/old")->size(), 900u);
}

TEST_F(Quota, HasUnitsAndIsNotGuessed) {
    set("8MB\n");
    EXPECT_TRUE(fs_.replace("data/a", std::string(1 << 20, 'x')));
    EXPECT_FALSE(fs_.replace("data/b", std::string(8 << 20, 'x')));
    for (auto text : {"8 apples", "", "-1", "1e6"}) {
        set(text);
        auto refused = fs_.replace("data/b", "x");
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
        EXPECT_THAT(refused.error().message(),
                    testing::AllOf(testing::HasSubstr("data/QUOTA"), testing::HasSubstr("64MB")));
    }
    lift();
    EXPECT_TRUE(fs_.replace("data/b", "x"));
}

TEST_F(Quota, ReservedSpaceDoesNotHelp) {
    auto file = fs_.open("data/log/a", {OpenMode::kCreate, false});
    ASSERT_TRUE((*file)->allocate(8192));
    set(folder_bytes(disk_, "data"));
    EXPECT_FALSE((*file)->write_at(0, "x"));
}

TEST_F(Quota, RemovingMakesRoomAndLiftingEndsIt) {
    ASSERT_TRUE(fs_.replace("data/log/old", std::string(900, 'x')));
    set(950);
    EXPECT_FALSE(fs_.replace("data/new", std::string(500, 'x')));
    ASSERT_TRUE(fs_.remove("data/log/old"));
    clock_.advance(Duration::seconds(1));
    EXPECT_TRUE(fs_.replace("data/new", std::string(500, 'x')));
    EXPECT_FALSE(fs_.replace("data/newer", std::string(900, 'x')));
    lift();
    EXPECT_TRUE(fs_.replace("data/newer", std::string(900, 'x')));
}

TEST_F(Quota, ANameThatIsTakenIsSaidFirst) {
    ASSERT_TRUE(fs_.put_if_absent("data/a", "1"));
    set(1);
    auto again = fs_.put_if_absent("data/a", "2");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
}

}  // namespace
}  // namespace tarn::io
