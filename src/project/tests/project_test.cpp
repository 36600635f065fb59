#include "tarn/project/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tarn/base/names.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::project {
namespace {

struct Case {
    std::string name;
    std::vector<std::pair<std::string, std::string>> files;
    std::string expected;
};

std::vector<Case> read_cases() {
    std::ifstream in(TARN_TEST_DATA "/cases.txt");
    std::vector<Case> cases;
    std::string line, *text = nullptr;
    while (std::getline(in, line)) {
        if (line.starts_with("=== ")) {
            cases.push_back({line.substr(4), {}, {}});
            text = nullptr;
        } else if (line.starts_with("--- ") && !cases.empty()) {
            cases.back().files.emplace_back(line.substr(4), "");
            text = &cases.back().files.back().second;
        } else if (line == "+++") {
            text = &cases.back().expected;
        } else if (text) {
            *text += line + "\n";
        }
    }
    return cases;
}

std::string trimmed(std::string text) {
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

Result<Project> load(const std::vector<std::pair<std::string, std::string>>& files) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    for (const auto& [path, text] : files) {
        EXPECT_TRUE(disk.create_folders(io::parent_path("p/" + path)));
        EXPECT_TRUE(disk.replace("p/" + path, text));
    }
    return load_project(disk, "p");
}

TEST(LoadProject, SaysWhatIsWrongAndWhere) {
    auto cases = read_cases();
    ASSERT_GT(cases.size(), 30u);
    for (const auto& c : cases) {
        auto project = load(c.files);
        auto expected = trimmed(c.expected);
        EXPECT_EQ(project ? "ok" : project.error().message(), expected) << "case: " << c.name;
    }
}

// Names of tables and models are those of tarn/base/names.h, which src/lake holds itself to as
// well.
TEST(LoadProject, AFileThatIsNoUtf8IsNotReadAsAnother) {
    const std::string utf8 = "name: shop\n", model = "models/live/a.sql";
    std::string utf16 = "\xff\xfe";
    for (char c : utf8)
        utf16 += std::string{c, '\0'};
    auto said = [](const std::vector<std::pair<std::string, std::string>>& files) {
        auto project = load(files);
        return project ? "ok" : project.error().message();
    };
    EXPECT_EQ(said({{"tarn.yml", "\xef\xbb\xbf" + utf8}}), "ok") << "its mark alone does no harm";
    EXPECT_EQ(said({{"tarn.yml", utf16}}),
              "tarn.yml:1: not UTF-8 but UTF-16 or no text at all: save it as UTF-8");
    EXPECT_EQ(said({{"tarn.yml", utf8 + "# caf\xe9\n"}}),
              "tarn.yml:1: not UTF-8: save it as UTF-8");
    EXPECT_EQ(said({{"tarn.yml", utf8}, {model, "select 'caf\xe9'"}}),
              model + ":1: not UTF-8: save it as UTF-8");
}

TEST(LoadProject, NamesAreThoseOfTheOneRule) {
    for (std::string name :
         {"bronze.clicks", "A-b_1.my-clicks", "_stg.t", "a._t", "a.1t", "a.-t", "a.b.c", "t"}) {
        auto topic = load({{"tarn.yml", "topics: {t: {format: raw, table: " + name + "}}"}});
        EXPECT_EQ(topic.has_value(), is_table_name(name)) << name;
        auto dot = name.find('.');
        if (dot == name.npos) continue;
        auto file = "models/" + name.substr(0, dot) + "/" + name.substr(dot + 1) + ".sql";
        auto model = load({{"tarn.yml", ""},
                           {file,
                            "{{ config(materialized='incremental') }}\nselect * from {{ "
                            "source('raw', 'events') }}"}});
        EXPECT_EQ(model.has_value(), is_table_name(name)) << file;
    }
}

TEST(LoadProject, TopicsWithWhatFollowsFromThem) {
    auto project = load({{"tarn.yml", R"(
name: shop
topics:
  clicks:
    partitions: 4
    retention: 1h
    columns:
      event_time: {type: timestamp, required: true}
      page: text
    table: {name: bronze.clicks, every: 1s}
  clicks.late: {late_of: clicks, table: late.clicks}
settings:
  log.window: 2ms
)"}});
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(project->name, "shop");
    EXPECT_EQ(project->settings.at("log.window"), "2ms");
    const auto& clicks = project->topics.at("clicks");
    EXPECT_EQ(clicks.partitions, 4);
    EXPECT_EQ(clicks.retention, Duration::seconds(3600));
    EXPECT_EQ(clicks.dead_letters, "clicks.dead_letters");
    EXPECT_EQ(clicks.table->every, Duration::seconds(1));
    EXPECT_THAT(clicks.table->partition_by, testing::ElementsAre("_date", "_hour"));
    ASSERT_EQ(clicks.columns.size(), 2u);
    EXPECT_TRUE(clicks.columns[0].required);

    const auto& dead_letters = project->topics.at("clicks.dead_letters");  // not written, but there
    EXPECT_EQ(dead_letters.dead_letters_of, "clicks");
    EXPECT_FALSE(dead_letters.decoded());
    EXPECT_EQ(dead_letters.header_columns.size(), 6u);

    const auto& late = project->topics.at("clicks.late");
    EXPECT_EQ(late.columns, clicks.columns);
    EXPECT_EQ(late.dead_letters, "clicks.dead_letters");
    std::vector<std::string> names;
    for (const auto& column : table_columns(late))
        names.push_back(column.name);
    EXPECT_THAT(
        names, testing::ElementsAre("event_time", "page", "reason", "source_partition",
                                    "source_offset", "watermark", "window_end", "source_model",
                                    "_topic", "_partition", "_offset", "_timestamp", "_ingested_at",
                                    "_batch_id", "_key", "_extra", "_date", "_hour"));
}

std::vector<std::string> names_of_topics(const Project& project) {
    std::vector<std::string> out;
    for (const auto& [name, topic] : project.topics) {
        EXPECT_EQ(topic.name, name);
        out.push_back(name);
    }
    return out;
}

TEST(LoadProject, ADeadLetterTopicOfTheOldDefaultNameThatIsDeclaredStaysTheTopics) {
    auto project = load({{"tarn.yml",
                          "topics:\n  a: {columns: {x: text}}\n  a.late: {late_of: a}\n"
                          "  a.quarantine: {quarantine_of: a, table: quarantine.a}\n"}});
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_THAT(names_of_topics(*project), testing::ElementsAre("a", "a.late", "a.quarantine"));
    EXPECT_EQ(project->topics.at("a").dead_letters, "a.quarantine");
    EXPECT_EQ(project->topics.at("a.late").dead_letters, "a.quarantine");
    EXPECT_EQ(project->topics.at("a.quarantine").dead_letters_of, "a");
}

TEST(LoadProject, ADeadLetterTopicThatIsNotDeclaredKeepsTheNameThatItHasInTheDataFolder) {
    auto project = load({{"tarn.yml",
                          "topics:\n  a: {columns: {x: text}}\n  a.late: {late_of: a}\n"
                          "  b: {columns: {x: text}}\n"
                          "  c: {columns: {x: text}, dead_letter_topic: bad}\n"
                          "  d: {columns: {x: text}}\n"}});
    ASSERT_TRUE(project) << project.error().message();
    const std::set<std::string> there = {"a", "a.quarantine", "c.quarantine", "d.quarantine",
                                         "d.dead_letters"};
    keep_dead_letters(*project, [&](const std::string& name) { return there.contains(name); });
    EXPECT_THAT(names_of_topics(*project),
                testing::ElementsAre("a", "a.late", "a.quarantine", "b", "b.dead_letters", "bad",
                                     "c", "d", "d.dead_letters"));
    EXPECT_EQ(project->topics.at("a").dead_letters, "a.quarantine");
    EXPECT_EQ(project->topics.at("a.late").dead_letters, "a.quarantine");
    EXPECT_EQ(project->topics.at("a.quarantine").dead_letters_of, "a");
    EXPECT_EQ(project->topics.at("b").dead_letters, "b.dead_letters");
    EXPECT_EQ(project->topics.at("c").dead_letters, "bad");
    EXPECT_EQ(project->topics.at("d").dead_letters, "d.dead_letters");
}

TEST(LoadProject, ALiveModelKeepsItsLines) {
    auto project =
        load({{"tarn.yml", "topics: {clicks: {columns: {t: timestamp}}}"},
              {"models/live/pages.sql",
               "{# a comment #}\n{{ config(\n  materialized='materialized_view', watermark='3s', "
               "grace='1s', retain='2h'\n"
               ") }}\nselect 1\nfrom STREAM ( 'clicks' )\n"}});
    ASSERT_TRUE(project) << project.error().message();
    ASSERT_EQ(project->live_models.size(), 1u);
    const auto& model = project->live_models[0];
    EXPECT_EQ(model.name, "live.pages");
    EXPECT_EQ(model.file, "models/live/pages.sql");
    EXPECT_EQ(model.stream, "clicks");
    EXPECT_EQ(model.watermark, Duration::seconds(3));
    EXPECT_EQ(model.grace, Duration::seconds(1));
    EXPECT_EQ(model.every, Duration::millis(100));
    EXPECT_EQ(model.retain, Duration::seconds(7200));
    EXPECT_EQ(model.sql.substr(model.sql.find("select")), "select 1\nfrom STREAM ( 'clicks' )\n");
    EXPECT_EQ(std::ranges::count(model.sql.substr(0, model.sql.find("select")), '\n'), 4);
    EXPECT_EQ(model.sql.find('{'), std::string::npos);
}

TEST(LoadProject, TheClickstreamScenario) {
    io::LocalFileSystem fs;
    auto project = load_project(fs, TARN_SOURCE_DIR "/scenarios/q01-clickstream");
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(project->topics.size(), 3u);
    EXPECT_EQ(project->live_models.size(), 1u);
    EXPECT_EQ(project->live_models[0].late, "clicks.late");
}

}  // namespace
}  // namespace tarn::project
