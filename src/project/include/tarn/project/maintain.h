#pragma once

// `maintain` of tarn.yml: what Tarn does by itself to keep tables fast and small.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tarn/base/time.h"

namespace tarn::project {

struct Project;

// How often each is done; absent: never.
struct CareRule {
    std::optional<Duration> compact, vacuum;
    std::optional<Duration> retain;       // rows are kept for so long,
    std::string retain_by = {};           // counted from the time in this column
    std::optional<Duration> clones = {};  // shallow clones live for so long; absent: for ever
    int line = 0;                         // of the table's rule in tarn.yml
    bool empty() const { return !compact && !vacuum && !retain && !clones; }
};
struct CarePlan {
    CareRule all;  // of tables that are not named
    std::map<std::string, CareRule, std::less<>> tables;
    const CareRule& of(std::string_view table) const;
    bool empty() const { return all.empty() && tables.empty(); }
};
// What a project says of it; a plan for nothing if it says nothing.
CarePlan care_plan(const Project& project);

}  // namespace tarn::project
