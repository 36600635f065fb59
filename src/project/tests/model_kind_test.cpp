#include "tarn/project/model_kind.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kind.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/project/section.h"

namespace tarn::project {
namespace {

std::string_view topics_example() {
    return std::ranges::find_if(sections(), [](const Section& s) { return s.key.name == "topics"; })
        ->example;
}

TEST(ModelKinds, RowsShowWhatCanBeWritten) {
    for (const auto& kind : model_kinds()) {
        for (const auto& key : kind.keys) {
            auto what = std::string(kind.name) + "." + std::string(key.name);
            EXPECT_TRUE(key.text.ends_with('.')) << what << ": whole sentences";
            EXPECT_TRUE(key.form != Form::kDuration || !key.default_value.empty()) << what;
            for (auto shown : {key.default_value, key.example}) {
                ModelFile file;
                file.config[std::string(key.name)] = {std::string(shown), 1};
                auto config = Config::check(file, "m.sql", kind.keys);
                EXPECT_TRUE(shown.empty() || config) << what << ": " << config.error().message();
            }
        }
        for (const auto& strategy : kind.strategies)
            for (auto key : strategy.without)
                EXPECT_NE(std::ranges::find(kind.keys, key, &Key::name), kind.keys.end()) << key;
    }
}

// The examples of the page are models of one project.
TEST(ModelKinds, ExamplesLoad) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    ASSERT_TRUE(disk.create_folders("p"));
    ASSERT_TRUE(disk.replace("p/tarn.yml", topics_example()));
    for (const auto& kind : model_kinds()) {
        auto path = kind.example.substr(3, kind.example.find(".sql") + 1);  // behind "-- "
        auto file = "p/" + std::string(path);
        ASSERT_TRUE(disk.create_folders(io::parent_path(file)));
        ASSERT_TRUE(disk.replace(file, kind.example));
    }
    auto project = load_project(disk, "p");
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(project->live_models.size() + project->table_models.size(), model_kinds().size());
}

TEST(ModelKinds, AKeyWithoutMeaningForAStrategyIsRefused) {
    TableModel model{
        .name = "gold.pages", .file = "models/gold/pages.sql", .sql = {}, .source = {}};
    for (auto strategy : {"append", "insert_overwrite", "sessions"})
        EXPECT_EQ(refused_key(model, strategy), std::nullopt) << strategy;
    model.late = "late.pages";
    EXPECT_EQ(refused_key(model, "sessions"), std::nullopt);
    EXPECT_EQ(refused_key(model, "insert_overwrite"),
              "config: late has no meaning for groups without a window");
    model.unique_key = "id";
    EXPECT_EQ(refused_key(model, "append"), std::nullopt);
    EXPECT_EQ(refused_key(model, "sessions"), "config: unique_key has no meaning for sessions");
}

}  // namespace
}  // namespace tarn::project
