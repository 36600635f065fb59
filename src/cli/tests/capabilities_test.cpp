#include "capabilities.h"

#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tarn/base/error_ids.h"
#include "tarn/server/server.h"

namespace tarn::cli {
namespace {

// "GET /api/v1/topics" for each operation of the document: methods stand four spaces in, below an
// address at two.
std::set<std::string> documented() {
    std::set<std::string> out;
    std::istringstream lines{std::string(server::openapi_document())};
    std::string line, address;
    bool paths = false;
    while (std::getline(lines, line)) {
        if (!line.empty() && line[0] != ' ') paths = line == "paths:";
        if (!paths || line.size() < 4 || !line.ends_with(':')) continue;
        if (line.starts_with("  /")) address = line.substr(2, line.size() - 3);
        for (const std::string method : {"get", "post", "put", "delete", "patch"}) {
            if (line != "    " + method + ":") continue;
            std::string upper;
            for (char c : method)
                upper += char(std::toupper(c));
            out.insert(upper + " " + address);
        }
    }
    return out;
}

TEST(CapabilitiesTest, EveryErrorIsWhole) {
    std::set<std::string_view> titles;
    for (const auto* id : program().errors.all()) {
        const auto text = to_string(*id);
        EXPECT_EQ(text.size(), 10u) << text;
        EXPECT_TRUE(titles.insert(id->title).second) << id->title << " is used twice";
        EXPECT_FALSE(id->title.ends_with('.')) << text;
        for (auto sentences : {id->cause, id->todo})
            EXPECT_TRUE(sentences.ends_with('.')) << text << ": whole sentences";
        EXPECT_EQ(program().errors.find(text), id);
    }
    EXPECT_GT(titles.size(), 70u);
    EXPECT_EQ(program().errors.find("e0201"), &errors::kPortInUse);
    EXPECT_EQ(program().errors.find("0201"), &errors::kPortInUse);
    EXPECT_EQ(program().errors.find("TARN-E9999"), nullptr);
    EXPECT_EQ(program().errors.find(""), nullptr);
}

TEST(CapabilitiesTest, NoModuleAndNoSettingStandsTwice) {
    std::set<std::string_view> modules, settings;
    for (const auto& capability : capabilities())
        EXPECT_TRUE(modules.insert(capability.module).second) << capability.module;
    for (const auto& setting : program().settings)
        EXPECT_TRUE(settings.insert(setting.name).second) << setting.name;
    EXPECT_GT(settings.size(), 10u);
}

TEST(CapabilitiesTest, NoTableAndNoEventStandsTwice) {
    std::set<std::string_view> tables, events = {"hello", "view", "reset"};  // the server's own
    for (const auto& table : all_system_tables())
        EXPECT_TRUE(tables.insert(table.name).second) << table.name;
    for (const auto& event : host::all_of(capabilities(), &host::Capability::events)) {
        EXPECT_TRUE(events.insert(event.name).second) << event.name;
        EXPECT_EQ(event.every.us % 100'000, 0) << event.name;
    }
    EXPECT_GT(tables.size(), 3u);
    EXPECT_GT(events.size(), 7u);
}

TEST(CapabilitiesTest, RoutesAreThoseOfTheContract) {
    std::set<std::string> declared;
    for (const auto& route : host::all_of(capabilities(), &host::Capability::routes)) {
        auto text = std::string(route.method) + " " + std::string(route.path);
        EXPECT_TRUE(declared.insert(text).second) << text << " stands twice";
    }
    EXPECT_GT(declared.size(), 20u);
    EXPECT_EQ(declared, documented());
}

TEST(CapabilitiesTest, EachRequestHasOneRow) {
    host::RouteTable table(host::all_of(capabilities(), &host::Capability::routes));
    for (const auto& route : table.rows())
        EXPECT_EQ(table.find(route.method, *host::parse_target(route.path)).route, &route)
            << route.method << " " << route.path;
}

TEST(CapabilitiesTest, NoSectionStandsTwiceAndEachCanBeRead) {
    std::set<std::string_view> keys;
    for (const auto& section : all_sections()) {
        EXPECT_TRUE(keys.insert(section.key.name).second) << section.key.name;
        EXPECT_NE(section.load, nullptr) << section.key.name;
    }
    EXPECT_TRUE(keys.contains("topics"));
}

}  // namespace
}  // namespace tarn::cli
