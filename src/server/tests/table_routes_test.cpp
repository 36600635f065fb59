// What the API says of one table, over a real socket: its parts, its commits, its files.

#include <gtest/gtest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "http_client.h"
#include "listener_world.h"
#include "tarn/lake/change_rows.h"

namespace tarn::server::testing {
namespace {

using nlohmann::json;

class TableRoutes : public ::testing::Test {
  protected:
    TableRoutes() : listener_(world_.open_listener()) {
        listener_->set_ready();
        lake::TableSpec spec;
        spec.name = "gold.pages";
        spec.columns = window_columns();
        spec.partition_by = {"page"};
        spec.properties["delta.enableDeletionVectors"] = "true";
        auto made = world_.lake->ensure_table(spec);
        EXPECT_TRUE(made) << made.error().message();
        lake::AppendRequest rows;
        rows.table = spec.name;
        rows.batches = {window_rows({{0, "P1", 3}, {5, "P1", 4}, {5, "P2", 5}, {5, nullptr, 9}})};
        rows.txn = lake::Txn{"gold.pages/1", 7};
        rows.time = world_.clock.now();
        rows.user_metadata = {{"positions", "0:12"}};
        rows.file_stem = "gold-7";
        auto appended = world_.lake->append(std::move(rows));
        EXPECT_TRUE(appended) << appended.error().message();
        lake::DeleteRequest gone;
        gone.table = spec.name;
        gone.where = "page_views = 3";
        auto deleted = world_.lake->delete_rows(gone);
        EXPECT_TRUE(deleted) << deleted.error().message();
    }
    json asked(std::string_view target) {
        return json::parse(body_of(get(listener_->port(), target)), nullptr, false);
    }

    World world_;
    std::unique_ptr<HttpListener> listener_;
};

TEST_F(TableRoutes, DescribeATableWithItsColumnsAndFeatures) {
    const auto table = asked("/api/v1/tables/gold.pages");
    EXPECT_EQ(table["rows"], 3);
    ASSERT_EQ(table["schema"].size(), 4u);
    EXPECT_EQ(table["schema"][1]["name"], "page");
    EXPECT_EQ(table["schema"][1]["type"], "string");
    EXPECT_EQ(table["schema"][1]["nullable"], true);
    EXPECT_EQ(table["schema"][1]["id"], nullptr);
    EXPECT_EQ(table["schema"][1]["parts"], json::array());
    EXPECT_EQ(table["column_mapping"], "none");
    EXPECT_EQ(table["cluster_by"], json::array());
    EXPECT_EQ(table["protocol"]["writer"], 7);
    const json vectors = {{"name", "deletionVectors"}, {"reader", true}, {"writer", true}};
    const auto& features = table["protocol"]["features"];
    EXPECT_NE(std::ranges::find(features, vectors), features.end()) << features;
    // Of the list of tables these are left out.
    EXPECT_FALSE(asked("/api/v1/tables")["tables"][0].contains("schema"));
}

TEST_F(TableRoutes, HistorySaysWhatEachCommitDid) {
    const auto commits = asked("/api/v1/tables/gold.pages/history")["commits"];
    ASSERT_EQ(commits.size(), 3u);
    EXPECT_EQ(commits[0]["operation"], "DELETE");
    EXPECT_EQ(commits[0]["rows"], 3);
    EXPECT_EQ(commits[0]["metrics"]["numDeletedRows"], "1");
    EXPECT_EQ(commits[0]["vectors"], 1);
    EXPECT_EQ(commits[0]["files_removed"], 0);
    EXPECT_EQ(commits[0]["read_version"], 1);
    EXPECT_EQ(commits[1]["rows"], 4);
    EXPECT_EQ(commits[1]["files_added"], 3);
    EXPECT_EQ(commits[1]["rows_written"], 4);
    EXPECT_EQ(commits[1]["txn"]["version"], 7);
    EXPECT_EQ(json::parse(commits[1]["user_metadata"].get<std::string>())["positions"], "0:12");
    EXPECT_EQ(commits[2]["rows"], 0);
}

TEST_F(TableRoutes, LayoutSumsUpFiles) {
    const auto layout = asked("/api/v1/tables/gold.pages/layout");
    EXPECT_EQ(layout["table"], "gold.pages");
    EXPECT_EQ(layout["version"], 2);
    EXPECT_EQ(layout["all"]["files"], 3);
    EXPECT_EQ(layout["all"]["rows"], 3);
    EXPECT_EQ(layout["all"]["vectors"], 1);
    EXPECT_EQ(layout["all"]["deleted_rows"], 1);
    EXPECT_EQ(layout["partition_by"], json::array({"page"}));
    EXPECT_EQ(layout["partition_count"], 3);
    ASSERT_EQ(layout["partitions"].size(), 3u);
    json values = json::array();
    for (const auto& partition : layout["partitions"])
        values.push_back(partition["values"][0]);
    EXPECT_NE(std::ranges::find(values, json(nullptr)), values.end()) << values;
    EXPECT_EQ(layout["others"]["files"], 0);
    EXPECT_EQ(layout["sizes"][0]["files"], 3);
    EXPECT_EQ(layout["sizes"].back()["below"], nullptr);
    EXPECT_EQ(asked("/api/v1/tables/gold.nothing/layout")["error"]["code"], "not_found");
}

// The names of partition columns are people's, whatever files call them.
TEST_F(TableRoutes, FilesSayWhatTheirVectorsHide) {
    const auto files = asked("/api/v1/tables/gold.pages/files")["files"];
    ASSERT_EQ(files.size(), 3u);
    int64_t hidden = 0;
    for (const auto& file : files) {
        hidden += file["deleted_rows"].get<int64_t>();
        EXPECT_TRUE(file["partition"].contains("page")) << file;
    }
    EXPECT_EQ(hidden, 1);
}

}  // namespace
}  // namespace tarn::server::testing
