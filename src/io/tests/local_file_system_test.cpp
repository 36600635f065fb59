// The local disk, in a folder of its own under the system's temporary folder.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tarn/io/data_folder.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::io {
namespace {

class LocalFileSystemTest : public testing::Test {
  protected:
    LocalFileSystemTest() {
        std::string name = (std::filesystem::temp_directory_path() / "tarn-io-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
    }
    ~LocalFileSystemTest() override { std::filesystem::remove_all(root_); }
    std::string path(const std::string& name) const { return root_ + "/" + name; }

    LocalFileSystem fs_;
    std::string root_;
};

TEST_F(LocalFileSystemTest, ReadsWhatIsWritten) {
    auto file = fs_.open(path("a"), {OpenMode::kCreateNew});
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(3, "def"));
    ASSERT_TRUE((*file)->sync());
    EXPECT_EQ(*(*file)->size(), 6u);
    EXPECT_EQ(*fs_.read_all(path("a")), std::string("\0\0\0def", 6));
    char buffer[10];
    EXPECT_EQ(*(*file)->read_at(4, buffer, sizeof buffer), 2u);
    EXPECT_EQ(*(*file)->read_at(9, buffer, sizeof buffer), 0u);
    ASSERT_TRUE((*file)->truncate(1));
    ASSERT_TRUE((*file)->allocate(5));
    EXPECT_EQ(*fs_.read_all(path("a")), std::string(5, '\0'));
    ASSERT_TRUE((*file)->allocate(2));
    EXPECT_EQ(*(*file)->size(), 5u) << "allocate never shrinks";
}

TEST_F(LocalFileSystemTest, OpenModesAndErrorsNameThePath) {
    auto code = [&](OpenMode mode) { return fs_.open(path("a"), {mode}).error().code(); };
    EXPECT_EQ(code(OpenMode::kRead), ErrorCode::kNotFound);
    EXPECT_EQ(code(OpenMode::kReadWrite), ErrorCode::kNotFound);
    ASSERT_TRUE(fs_.open(path("a"), {OpenMode::kCreate}));
    EXPECT_EQ(code(OpenMode::kCreateNew), ErrorCode::kAlreadyExists);
    ASSERT_TRUE(fs_.open(path("a"), {OpenMode::kCreate}));
    auto missing = fs_.read_all(path("b"));
    EXPECT_EQ(missing.error().message(),
              "cannot open " + path("b") + ": No such file or directory");
    EXPECT_EQ(fs_.open(root_, {}).error().code(), ErrorCode::kFailedPrecondition)
        << "a folder is no file";
}

TEST_F(LocalFileSystemTest, DirectFilesWorkWhereverTheyLie) {
    alignas(kDirectAlignment) static char block[2 * kDirectAlignment];
    for (const auto& folder : {root_, std::string("/dev/shm")}) {  // tmpfs has no O_DIRECT
        if (!fs_.exists(folder)) continue;
        auto name = folder + "/tarn-direct-" + file_name(root_);
        auto file = fs_.open(name, {OpenMode::kCreateNew, true});
        ASSERT_TRUE(file) << file.error().message();
        std::memset(block, 'x', sizeof block);
        ASSERT_TRUE((*file)->write_at(0, {block, sizeof block}));
        ASSERT_TRUE((*file)->truncate(kDirectAlignment + 100));
        EXPECT_EQ(*(*file)->read_at(0, block, sizeof block), kDirectAlignment + 100);
        ASSERT_TRUE(fs_.remove(name));
    }
}

TEST_F(LocalFileSystemTest, PutIfAbsentHasOneWinner) {
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            auto status = fs_.put_if_absent(path("a"), std::to_string(i));
            if (status)
                ++won;
            else
                EXPECT_EQ(status.error().code(), ErrorCode::kAlreadyExists);
        });
    for (auto& t : threads)
        t.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(fs_.list(root_)->size(), 1u) << "no temporary file stays";
}

TEST_F(LocalFileSystemTest, ReplaceTakesTheOldOnesPlace) {
    ASSERT_TRUE(fs_.replace(path("a"), "one"));
    ASSERT_TRUE(fs_.replace(path("a"), "two"));
    EXPECT_EQ(*fs_.read_all(path("a")), "two");
    EXPECT_EQ(fs_.list(root_)->size(), 1u);
    EXPECT_EQ(fs_.replace(path("no/a"), "x").error().code(), ErrorCode::kNotFound);
}

TEST_F(LocalFileSystemTest, FoldersAreListedInOrderAndRemoved) {
    ASSERT_TRUE(fs_.create_folders(path("x/y/z")));
    ASSERT_TRUE(fs_.create_folders(path("x/y/z")));
    for (auto name : {"x/b", "x/a", "x/B"})
        ASSERT_TRUE(fs_.replace(path(name), "12"));
    auto names = fs_.list(path("x"));
    ASSERT_TRUE(names);
    ASSERT_EQ(names->size(), 4u);
    EXPECT_EQ((*names)[0].name, "B");
    EXPECT_EQ((*names)[0].size, 2u);
    EXPECT_EQ((*names)[3].name, "y");
    EXPECT_TRUE((*names)[3].folder);
    EXPECT_EQ(fs_.create_folders(path("x/a")).error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(fs_.remove(path("x")).error().code(), ErrorCode::kFailedPrecondition)
        << "it is not empty";
    ASSERT_TRUE(fs_.rename(path("x/a"), path("x/b")));
    EXPECT_FALSE(fs_.exists(path("x/a")));
    ASSERT_TRUE(fs_.remove_tree(path("x")));
    ASSERT_TRUE(fs_.remove_tree(path("x")));
    EXPECT_EQ(fs_.list(path("x")).error().code(), ErrorCode::kNotFound);
    EXPECT_GT(*fs_.free_bytes(root_), 0u);
}

TEST_F(LocalFileSystemTest, ALockHasOneHolderAndNamesIt) {
    auto lock = fs_.lock(path("LOCK"));
    ASSERT_TRUE(lock);
    auto second = fs_.lock(path("LOCK"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(second.error().message().find("process " + std::to_string(::getpid())),
              std::string::npos);
    lock->reset();
    EXPECT_TRUE(fs_.lock(path("LOCK")));
}

TEST(PathTest, ParentAndName) {
    EXPECT_EQ(parent_path("a/b/c"), "a/b");
    EXPECT_EQ(parent_path("/c"), "/");
    EXPECT_EQ(parent_path("c"), ".");
    EXPECT_EQ(file_name("a/b/c"), "c");
    EXPECT_EQ(file_name("c"), "c");
}

TEST_F(LocalFileSystemTest, ADataFolderHasOneOwnerAndCountsItsStarts) {
    {
        auto first = DataFolder::open(fs_, path("data"));
        ASSERT_TRUE(first) << first.error().message();
        EXPECT_EQ(first->start_number(), 1u);
        EXPECT_TRUE(DataFolder::check_format(fs_, path("data")));
        auto second = DataFolder::open(fs_, path("data"));
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code(), ErrorCode::kFailedPrecondition);
    }
    EXPECT_EQ(DataFolder::open(fs_, path("data"))->start_number(), 2u);
    EXPECT_EQ(*fs_.read_all(path("data/FORMAT")), "tarn 1\n");
}

TEST_F(LocalFileSystemTest, OtherFormatsAreRefused) {
    EXPECT_EQ(DataFolder::check_format(fs_, root_).error().code(), ErrorCode::kNotFound);
    auto code_of = [&](std::string_view text) {
        EXPECT_TRUE(fs_.replace(path("FORMAT"), text));
        return DataFolder::open(fs_, root_).error().code();
    };
    EXPECT_EQ(code_of("tarn 2\n"), ErrorCode::kUnsupported);
    EXPECT_EQ(code_of("tarn 0\n"), ErrorCode::kCorrupted);
    EXPECT_EQ(code_of("tarn 1"), ErrorCode::kCorrupted);
    EXPECT_EQ(code_of(""), ErrorCode::kCorrupted);
    ASSERT_TRUE(fs_.replace(path("FORMAT"), "tarn 1\n"));
    ASSERT_TRUE(fs_.replace(path("START"), "many\n"));
    EXPECT_EQ(DataFolder::open(fs_, root_).error().code(), ErrorCode::kCorrupted);
}

// Wherever the start is interrupted, the next one works and its number was never used by one that
// finished.
TEST(DataFolderTest, AStartMayCrashAnywhere) {
    ManualClock clock;
    for (uint64_t n = 1; n < 12; ++n) {
        SimulatedDisk disk(n, clock);
        disk.crash_at_call(n);
        auto interrupted = DataFolder::open(disk, "/data");
        uint64_t used = interrupted ? interrupted->start_number() : 0;
        disk.restart();
        auto next = DataFolder::open(disk, "/data");
        ASSERT_TRUE(next) << n << ": " << next.error().message();
        EXPECT_GT(next->start_number(), used);
    }
}

TEST(FailpointsTest, TheNthHitFails) {
    Failpoints points;
    EXPECT_TRUE(points.hit("a"));
    EXPECT_TRUE(points.hits().empty()) << "nothing is remembered unless asked";
    points.arm("a", 2, [] { return fail(ErrorCode::kCancelled, "crash"); });
    EXPECT_TRUE(points.hit("a"));
    EXPECT_TRUE(points.hit("b"));
    EXPECT_EQ(points.hit("a").error().code(), ErrorCode::kCancelled);
    EXPECT_TRUE(points.hit("a")) << "it strikes once";
    EXPECT_EQ(points.hits(), (std::map<std::string, uint64_t>{{"a", 3}, {"b", 1}}));
}

TEST(FailpointsDeathTest, ArmedExitEndsTheProcess) {
    Failpoints points;
    EXPECT_EQ(points.arm_exit("a:0").error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(points.arm_exit("a:x").error().code(), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(points.arm_exit("a:2"));
    EXPECT_TRUE(points.hit("a"));
    EXPECT_EXIT((void)points.hit("a"), testing::ExitedWithCode(137), "");
}

}  // namespace
}  // namespace tarn::io
