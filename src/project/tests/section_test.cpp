#include "tarn/project/section.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarn/io/simulated_disk.h"
#include "tarn/project/project.h"
#include "yaml.h"

namespace tarn::project {
namespace {

Result<Project> load(const std::string& text, std::span<const Section> all) {
    ManualClock clock;
    io::SimulatedDisk disk(1, clock);
    EXPECT_TRUE(disk.create_folders("p"));
    EXPECT_TRUE(disk.replace("p/tarn.yml", text));
    return load_project(disk, "p", all);
}

// What a row shows as its default and its example can be written there.
void expect_good_rows(std::span<const Key> keys, const std::string& of) {
    for (const auto& key : keys) {
        auto what = of + "." + std::string(key.name);
        EXPECT_TRUE(key.text.ends_with('.')) << what << ": whole sentences";
        EXPECT_EQ(key.form == Form::kMap || key.form == Form::kNamed, !key.keys.empty()) << what;
        EXPECT_EQ(key.form == Form::kNamed, !key.one.empty()) << what;
        for (auto shown : {key.default_value, key.example}) {
            if (shown.empty() || (key.form == Form::kTexts && shown == key.default_value)) continue;
            auto root = parse_yaml(std::string(key.name) + ": " + std::string(shown), "row");
            ASSERT_TRUE(root) << what;
            auto values = Values::check(*root, {&key, 1}, {"row", 1}, of);
            EXPECT_TRUE(values) << what << ": " << values.error().message();
        }
        if (!key.alone.empty()) {
            EXPECT_NE(std::ranges::find(key.keys, key.alone, &Key::name), key.keys.end()) << what;
        }
        expect_good_rows(key.keys, what);
    }
}

TEST(Sections, RowsShowWhatCanBeWritten) {
    for (const auto& section : sections()) {
        expect_good_rows({&section.key, 1}, "tarn.yml");
        if (section.example.empty()) continue;
        auto project = load(std::string(section.example), sections());
        EXPECT_TRUE(project) << section.key.name << ": " << project.error().message();
    }
}

struct Alert {
    std::string name;
    Duration after;
    int64_t rows = 0, bytes = 0;
    bool urgent = false;
    std::vector<std::string> to;
    std::string flow;
    int line = 0;
    friend bool operator==(const Alert&, const Alert&) = default;
};
using Alerts = std::vector<Alert>;

constexpr Key kWhereKeys[] = {{.name = "flow", .text = "Which flow."}};
constexpr Key kAlertKeys[] = {
    {.name = "after",
     .form = Form::kDuration,
     .default_value = "5m",
     .text = "How long.",
     .min = 1'000'000,
     .word = "never"},
    {.name = "rows", .form = Form::kInteger, .text = "How many.", .min = 0, .max = 9},
    {.name = "bytes", .form = Form::kBytes, .default_value = "1KB", .text = "How large."},
    {.name = "urgent", .form = Form::kBoolean, .text = "How loud."},
    {.name = "to", .form = Form::kTexts, .default_value = "me, you", .text = "Who."},
    {.name = "where", .form = Form::kMap, .text = "Of what.", .keys = kWhereKeys, .alone = "flow"},
};

Status load_alerts(const Values& file, Project& project) {
    Alerts alerts;
    for (const auto& [name, values] : file.named("alerts")) {
        alerts.push_back({.name = name,
                          .after = values.duration("after"),
                          .rows = values.integer("rows"),
                          .bytes = values.bytes("bytes"),
                          .urgent = values.boolean("urgent"),
                          .to = values.texts("to"),
                          .flow = values.map("where").text("flow"),
                          .line = values.place("after").line});
    }
    project.sections["alerts"] = std::move(alerts);
    return {};
}

std::vector<Section> with_alerts() {
    std::vector<Section> all(sections().begin(), sections().end());
    all.push_back({.key = {.name = "alerts",
                           .form = Form::kNamed,
                           .text = "Alerts.",
                           .keys = kAlertKeys,
                           .one = "alert"},
                   .load = load_alerts});
    return all;
}

TEST(Sections, AnotherModulesSectionIsARow) {
    auto project = load(R"(
alerts:
  plain:
  loud:
    rows: 3
    after: never
    urgent: true
    to: [her]
    where: live.pages
)",
                        with_alerts());
    ASSERT_TRUE(project) << project.error().message();
    auto alerts = project->section<Alerts>("alerts");
    ASSERT_TRUE(alerts);
    EXPECT_THAT(*alerts,
                testing::ElementsAre(
                    Alert{"plain", Duration::seconds(300), -1, 1024, false, {"me", "you"}, "", 3},
                    Alert{"loud", Duration::micros(-1), 3, 1024, true, {"her"}, "live.pages", 6}));
    EXPECT_EQ(project->section<int>("alerts"), nullptr);
    EXPECT_EQ(project->section<Alerts>("others"), nullptr);
}

TEST(Sections, WhatIsWrongInARowIsSaidWithItsLine) {
    const std::pair<std::string, std::string> cases[] = {
        {"alerts: [a]", "tarn.yml:1: alerts must be a map of names, not a list"},
        {"alerts:\n  a: {aftr: 1s}",
         "tarn.yml:2: unknown key aftr in alert a: did you mean after?"},
        {"alerts:\n  a:\n    after: 1ms",
         "tarn.yml:3: after of alert a must be at least 1s, not 1ms"},
        {"alerts:\n  a:\n    rows: 10",
         "tarn.yml:3: rows of alert a must be a whole number from 0 to 9, not 10"},
        {"alerts:\n  a:\n    urgent: maybe",
         "tarn.yml:3: urgent of alert a must be true or false, not maybe"},
        {"alerts:\n  a:\n    bytes: much",
         "tarn.yml:3: bytes of alert a: not a size (like 4096, 64MB, 1GiB): \"much\""},
        {"alerts:\n  a:\n    to: her",
         "tarn.yml:3: to of alert a must be a list, not a single value"},
        {"alerts:\n  a:\n    to: [[her]]", "tarn.yml:3: to of alert a must be a list of names"},
        {"alerts:\n  a:\n    where: {}\n    rows: {}",
         "tarn.yml:4: rows of alert a must be a single value, not a map"},
        {"alerts:\n  a:\n    where: {flw: x}",
         "tarn.yml:3: unknown key flw in where of alert a: did you mean flow?"},
        {"alerts:\n  a:\n    where: ''", "tarn.yml:3: flow of where of alert a is empty"},
        {"alert: {}", "tarn.yml:1: unknown key alert in tarn.yml: did you mean alerts?"},
    };
    for (const auto& [text, expected] : cases) {
        auto project = load(text, with_alerts());
        EXPECT_EQ(project ? "ok" : project.error().message(), expected) << text;
    }
}

}  // namespace
}  // namespace tarn::project
