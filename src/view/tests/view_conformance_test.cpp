// What every store promises, the same tests for both.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "view_rows.h"

namespace tarn::view {
namespace {

using namespace std::string_literals;

class ViewStoreTest : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "tarn_view_" + GetParam() + "_" +
                  std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "_" +
                  std::to_string(getpid());
        std::filesystem::remove_all(folder_);
        open();
    }
    void TearDown() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        store_.reset();
        auto store = GetParam() == "rocks" ? open_rocks_store({.folder = folder_}, failpoints_)
                                           : open_simple_store(folder_, fs_, failpoints_);
        ASSERT_TRUE(store) << store.error().message();
        store_ = std::move(*store);
    }
    std::shared_ptr<View> view(ViewSpec spec = page_view()) {
        auto view = store_->open_view(spec);
        EXPECT_TRUE(view) << view.error().message();
        return view ? *view : nullptr;
    }
    static void put(View& view, int64_t epoch, const std::vector<Row>& rows,
                    std::optional<int64_t> remove_s = {}) {
        ViewCommit commit{
            .epoch = epoch, .upserts = rows_of(rows), .remove_before = {}, .time = {epoch * 100}};
        if (remove_s) commit.remove_before = Timestamp{*remove_s * 1'000'000};
        auto status = view.commit(commit);
        ASSERT_TRUE(status) << status.error().message();
    }

    std::string folder_;
    io::LocalFileSystem fs_;
    io::Failpoints failpoints_;
    std::unique_ptr<ViewStore> store_;
};

TEST_P(ViewStoreTest, NewestRowOfEachKeyInKeyOrderNullFirst) {
    auto v = view();
    EXPECT_EQ(v->state().epoch, -1);
    put(*v, 0, {{5, "b", 1, {}}, {5, "a", 2, 0.25}, {{}, "x", 9, {}}, {-7, {}, 3, {}}});
    put(*v, 1, {{5, "b", 7, -1.5}, {5, std::string("a\0z", 3), 4, {}}, {5, "", 6, {}}});
    EXPECT_EQ(scan_text(*v), "- x 9 -; -7 - 3 -; 5  6 -; 5 a 2 0.25; 5 a\0z 4 -; 5 b 7 -1.5"s);
    EXPECT_EQ(v->state().epoch, 1);
    EXPECT_EQ(v->state().time.us, 100);
    EXPECT_EQ(v->state().rows, 6u);
}

TEST_P(ViewStoreTest, RowsAndEpochSurviveAReopen) {
    put(*view(), 4, {{5, "a long page name beyond the inline bytes", 1, {}}, {6, "b", {}, 2.0}});
    open();
    auto v = store_->find("live.pages");
    ASSERT_TRUE(v);
    EXPECT_EQ(v->state().epoch, 4);
    EXPECT_EQ(v->state().time.us, 400);
    EXPECT_EQ(scan_text(*v), "5 a long page name beyond the inline bytes 1 -; 6 b - 2");
    EXPECT_EQ(v->spec().columns, page_view().columns);
    EXPECT_EQ(v->spec().key, page_view().key);
    EXPECT_THAT(store_->names(), testing::ElementsAre("live.pages"));
}

TEST_P(ViewStoreTest, AnEpochCommittedBeforeIsIgnored) {
    auto v = view();
    put(*v, 3, {{5, "a", 1, {}}});
    put(*v, 3, {{5, "a", 99, {}}});
    put(*v, 2, {{5, "b", 99, {}}});
    EXPECT_EQ(scan_text(*v), "5 a 1 -");
    EXPECT_EQ(v->state().epoch, 3);
}

TEST_P(ViewStoreTest, ARangeIsFromInclusiveToExclusive) {
    auto v = view();
    put(*v, 0,
        {{{}, "n", 0, {}}, {1, "a", 1, {}}, {2, "a", 2, {}}, {2, "b", 3, {}}, {3, "a", 4, {}}});
    auto at = [](int64_t s) { return Timestamp{s * 1'000'000}; };
    EXPECT_EQ(scan_text(*v, {.from = at(2), .to = at(3)}), "2 a 2 -; 2 b 3 -");
    EXPECT_EQ(scan_text(*v, {.from = at(2)}), "2 a 2 -; 2 b 3 -; 3 a 4 -");
    EXPECT_EQ(scan_text(*v, {.to = at(2)}), "1 a 1 -");
    EXPECT_EQ(scan_text(*v, {.from = at(3), .to = at(2)}), "");
    EXPECT_EQ(scan_text(*v, {.limit = 2}), "- n 0 -; 1 a 1 -");
    EXPECT_EQ(scan_text(*v, {.limit = 2, .newest_first = true}), "3 a 4 -; 2 b 3 -");
    EXPECT_EQ(scan_text(*v, {.from = at(2), .newest_first = true}), "3 a 4 -; 2 b 3 -; 2 a 2 -");
    EXPECT_EQ(scan_text(*v, {.from = at(1), .to = at(3), .limit = 2, .newest_first = true}),
              "2 b 3 -; 2 a 2 -");
}

TEST_P(ViewStoreTest, GetFindsKeysAndLeavesOutTheOthers) {
    auto v = view();
    put(*v, 0, {{1, "a", 1, {}}, {1, {}, 2, {}}, {2, "a", 3, {}}});
    auto rows = v->get(*rows_of({{2, "a", {}, {}}, {9, "z", {}, {}}, {1, {}, {}, {}}}));
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_EQ(text_of(**rows), "2 a 3 -; 1 - 2 -");
    codec::ColumnBatch wrong;
    EXPECT_EQ(v->get(wrong).error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(ViewStoreTest, RemoveBeforeTakesOldWindowsAlsoAmongItsOwnRows) {
    auto v = view();
    put(*v, 0, {{{}, "n", 0, {}}, {1, "a", 1, {}}, {2, "a", 2, {}}, {3, "a", 3, {}}});
    put(*v, 1, {{1, "late", 1, {}}, {4, "a", 4, {}}}, 3);
    EXPECT_EQ(scan_text(*v), "- n 0 -; 3 a 3 -; 4 a 4 -");
    put(*v, 2, {{2, "again", 5, {}}});  // below what was removed: it stands until the next removal
    EXPECT_EQ(scan_text(*v), "- n 0 -; 2 again 5 -; 3 a 3 -; 4 a 4 -");
    put(*v, 3, {}, 4);
    EXPECT_EQ(scan_text(*v), "- n 0 -; 4 a 4 -");
    v.reset();
    open();
    put(*view(), 4, {}, 5);
    EXPECT_EQ(scan_text(*view()), "- n 0 -");
}

TEST_P(ViewStoreTest, AnotherGenerationOrOtherColumnsAreRefusedByName) {
    put(*view(), 0, {{1, "a", 1, {}}});
    auto other = store_->open_view(page_view("g2"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(other.error().message(),
                testing::AllOf(testing::HasSubstr("g1"), testing::HasSubstr("g2")));
    auto spec = page_view();
    spec.columns[2].type = codec::ColumnType::kInt32;
    auto columns = store_->open_view(spec);
    ASSERT_FALSE(columns);
    EXPECT_THAT(columns.error().message(), testing::HasSubstr("views"));
}

TEST_P(ViewStoreTest, ADroppedViewIsGoneWithRowsAndEpoch) {
    put(*view(), 0, {{1, "a", 1, {}}});
    ASSERT_TRUE(store_->drop_view("live.pages"));
    EXPECT_FALSE(store_->find("live.pages"));
    EXPECT_EQ(store_->drop_view("live.pages").error().code(), ErrorCode::kNotFound);
    open();
    EXPECT_TRUE(store_->names().empty());
    auto v = view(page_view("g2"));
    EXPECT_EQ(v->state().epoch, -1);
    EXPECT_EQ(scan_text(*v), "");
}

TEST_P(ViewStoreTest, ViewsOfOneStoreDoNotMix) {
    auto other = page_view();
    other.name = "live.pages2";
    put(*view(), 7, {{1, "a", 1, {}}});
    put(*view(other), 0, {{1, "b", 2, {}}});
    EXPECT_EQ(scan_text(*view()), "1 a 1 -");
    EXPECT_EQ(scan_text(*view(other)), "1 b 2 -");
    ASSERT_TRUE(store_->drop_view("live.pages2"));
    EXPECT_EQ(scan_text(*view()), "1 a 1 -");
}

TEST_P(ViewStoreTest, ListenersHearEachNewEpochOnce) {
    auto v = view();
    std::vector<int64_t> heard;
    auto token = v->add_listener([&](const ViewCommit& commit) { heard.push_back(commit.epoch); });
    put(*v, 0, {});
    put(*v, 0, {});
    put(*v, 1, {});
    v->remove_listener(token);
    put(*v, 2, {});
    EXPECT_THAT(heard, testing::ElementsAre(0, 1));
}

TEST_P(ViewStoreTest, RowsOfAnotherShapeAreRefusedAndChangeNothing) {
    auto v = view();
    auto wrong = std::make_shared<codec::ColumnBatch>(*rows_of({{1, "a", 1, {}}}));
    wrong->schema[1].name = "country";
    auto status = v->commit({.epoch = 0, .upserts = wrong, .remove_before = {}, .time = {}});
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message(), testing::HasSubstr("country"));
    EXPECT_EQ(v->state().epoch, -1);
}

INSTANTIATE_TEST_SUITE_P(Stores, ViewStoreTest, testing::Values("rocks", "simple"));

}  // namespace
}  // namespace tarn::view
