#pragma once

// The SQL texts of a MergeableQuery, made from the parsed SELECT.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duck.h"
#include "tarn/sql/mergeable_query.h"

namespace tarn::sql {

struct MergeablePlan {
    struct Output {
        std::string name;
        std::string state;      // column of the state that it is; empty: the session's start
        std::string aggregate;  // its function; empty: a group
        bool helped = false;    // its state has a second column
    };
    std::vector<Output> outputs;
    std::string event_time;  // column; empty: neither session nor window
    std::string gap_text;    // the gap, or the window's size, as written
    bool window = false;     // not a session
    std::string where;       // with "WHERE", or empty

    std::vector<std::string> keys;       // state columns of groups
    std::vector<std::string> key_texts;  // their expressions
    std::vector<std::string> partials;   // "<expression> AS <state column>"
    std::vector<std::string> merges;     // "<aggregate of state columns> AS <state column>"
    std::vector<std::string> state;      // all state columns in order
};

// Errors: kInvalidArgument (syntax), kUnsupported (names what is in the way). `types`: DuckDB's
// names of the SELECT list's types.
Result<bool> parsed_is_aggregate(const std::string& sql);
Result<MergeablePlan> make_mergeable_plan(const std::string& sql,
                                          const std::vector<std::string>& types,
                                          MergeableForm form);

// Texts over the stream of rows, and over stream('state').
std::string partial_text(const MergeablePlan& plan, const std::string& stream);
std::string merge_text(const MergeablePlan& plan, int64_t gap_us);
std::string finish_text(const MergeablePlan& plan);

}  // namespace tarn::sql
