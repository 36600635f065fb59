// Live views as tables of SQL: what a filter on the window leaves is all that is read.

#include "tables.h"

#include <gtest/gtest.h>

#include "tarn/io/failpoints.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/json_result.h"

namespace tarn::cli {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr auto kTime = codec::ColumnType::kTimestamp;
constexpr auto kText = codec::ColumnType::kText;
constexpr auto kInt = codec::ColumnType::kInt64;

// Two rows for each of 100 windows of a second, keyed by window and page.
std::shared_ptr<const codec::ColumnBatch> windows(const std::vector<codec::ColumnSpec>& columns) {
    codec::ColumnBuilder start(kTime), page(kText), views(kInt);
    auto batch = std::make_shared<codec::ColumnBatch>();
    for (int64_t i = 0; i < 100; ++i)
        for (const auto* name : {"/home", "/cart"}) {
            start.add_int(i * kSecond);
            page.add_text(name);
            views.add_int(i);
            ++batch->row_count;
        }
    batch->schema = columns;
    for (auto* builder : {&start, &page, &views})
        batch->columns.push_back(builder->finish(*batch));
    return batch;
}

class Rows final : public sql::JsonRowSink {
  public:
    std::string text;
    Status columns(std::span<const sql::ResultColumn>) override { return {}; }
    Status row(std::string_view json) override {
        text.append(json).append("\n");
        return {};
    }
};

// The table `live.v`, counting the rows that are read of it.
struct OneView final : sql::TableProvider {
    std::shared_ptr<view::View> view;
    size_t read = 0;
    Result<std::optional<sql::TableRef>> resolve(std::string_view, std::string_view) override {
        auto table = view_table(view);
        table.scan = [this, scan = table.scan](const sql::TimeBounds& bounds) {
            auto rows = scan(bounds);
            if (rows) read += (*rows)->row_count;
            return rows;
        };
        return table;
    }
    std::vector<std::string> names() override { return {"live.v"}; }
};

struct Views : testing::Test {
    ManualClock clock;
    io::SimulatedDisk disk{1, clock};
    io::Failpoints failpoints;
    std::unique_ptr<view::ViewStore> store = *view::open_simple_store("/views", disk, failpoints);
    OneView table;
    std::unique_ptr<sql::Engine> engine = *sql::Engine::open({}, disk, &table);
    std::unique_ptr<sql::Session> session = *engine->session();

    void open(std::vector<int> key) {
        view::ViewSpec spec{.name = "live.v",
                            .columns = {{"window_start", kTime, false},
                                        {"page", kText, false},
                                        {"views", kInt, false}},
                            .key = std::move(key),
                            .generation = "1"};
        table.view = *store->open_view(spec);
        ASSERT_TRUE(table.view->commit({.epoch = 1, .upserts = windows(spec.columns)}));
    }
    std::string ask(const std::string& sql) {
        Rows rows;
        table.read = 0;
        auto done = session->query(sql, {}, rows);
        return done ? rows.text : done.error().message();
    }
};

TEST_F(Views, AFilterOnTheWindowBoundsWhatIsRead) {
    open({0, 1});
    EXPECT_EQ(ask("select count(*) as n, min(views) as low from live.v "
                  "where window_start >= '1970-01-01 00:01:30Z' and page = '/home'"),
              "{\"n\":10,\"low\":90}\n");
    EXPECT_EQ(table.read, 20u);
    EXPECT_EQ(ask("select count(*) as n from live.v where window_start = '1970-01-01 00:00:07Z'"),
              "{\"n\":2}\n");
    EXPECT_EQ(table.read, 2u);
    EXPECT_EQ(ask("select count(*) as n from live.v where views >= 90"), "{\"n\":20}\n");
    EXPECT_EQ(table.read, 200u);
}

TEST_F(Views, OneWithAnotherKeyIsReadWhole) {
    open({1, 0});
    EXPECT_EQ(ask("select count(*) as n from live.v where window_start = '1970-01-01 00:00:07Z'"),
              "{\"n\":2}\n");
    EXPECT_EQ(table.read, 200u);
}

}  // namespace
}  // namespace tarn::cli
