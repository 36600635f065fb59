#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "duckdb/planner/expression/bound_aggregate_expression.hpp"

#include "duck.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {

// A streaming aggregate taken apart: what LiveQuery runs for each chunk. The expressions belong to
// `root`, and their column references are positions: of filters, groups and arguments in the chunk
// of `inputs`; of outputs in [groups in the order of the GROUP BY, the tumble among them;
// aggregates].
struct LivePlan {
    duckdb::unique_ptr<duckdb::LogicalOperator> root;
    std::string stream;

    std::vector<std::string> input_names;
    duckdb::vector<duckdb::LogicalType> input_types;
    duckdb::unique_ptr<duckdb::Expression> filter;  // null if there is no WHERE

    int event_time = -1;  // position in inputs
    int64_t size_us = 0;
    int tumble_group = -1;                          // position among the groups
    std::vector<const duckdb::Expression*> groups;  // the tumble too
    std::vector<std::vector<int>> sets;             // positions in groups, without the tumble

    struct Aggregate {
        duckdb::BoundAggregateExpression* expression;
        bool distinct = false;
    };
    std::vector<Aggregate> aggregates;

    std::vector<const duckdb::Expression*> outputs;
    std::vector<std::string> output_names;
    duckdb::vector<duckdb::LogicalType> output_types;
    std::vector<int> key;  // outputs that are groups
    int window_start = -1;
};

// Inside a transaction of the context. Errors: kUnsupported, naming what a streaming aggregate
// cannot have.
Result<LivePlan> make_live_plan(duckdb::ClientContext& context, const std::string& sql);

}  // namespace tarn::sql
