#pragma once

// Silver and gold of the simulation's project, and a naive program that computes them from bronze.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/sql/engine.h"

namespace tarn::flow {

struct Layers {
    using Place = std::pair<int32_t, int64_t>;
    struct Row {
        int64_t id = 0, time_us = 0;
        std::string page, user;
        std::optional<int64_t> price;
        int64_t batch = 0;  // of silver
    };
    std::map<Place, Row> bronze;
    std::multimap<Place, Row> silver;
    std::multimap<Place, std::string> quarantined;  // reasons
    struct Session {
        int64_t started_us = 0, ended_us = 0, clicks = 0;
        std::string user, exit_page;
        auto operator<=>(const Session&) const = default;
    };
    std::multimap<std::string, Session> sessions;  // by user
    std::multimap<int64_t, std::string> late;      // of the sessions: reasons by id
    struct Page {
        int32_t day = 0;
        std::string page;
        auto operator<=>(const Page&) const = default;
    };
    std::multimap<Page, std::pair<int64_t, int64_t>> pages;  // clicks, dearest
    struct Window {
        int64_t start_us = 0, clicks = 0, newest = 0;
        std::string page;
        auto operator<=>(const Window&) const = default;
    };
    std::multiset<Window> windows;
    // Each batch of silver is a version of it, by which rows of windows were judged; not where a
    // rebuild put several into one.
    bool by_version = true;
    std::multimap<int64_t, std::string> late_of_windows;  // reasons by id
    using Counts = std::pair<int64_t, int64_t>;
    std::multimap<std::pair<std::string, std::string>, Counts> users;  // clicks, dearest
    // Of each person the page and the id of greatest rank.
    std::multimap<std::string, std::pair<std::string, int64_t>> places;
};

Status read_layers(sql::Session& session, Layers& out);
// Empty if they are right.
std::string check_layers(const Layers& layers);

}  // namespace tarn::flow
