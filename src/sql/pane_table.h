#pragma once

// The state of one grouping set in one window pane: DuckDB's aggregate hash table kept alive, a
// second level of tables for DISTINCT, and the keys touched since the last take.

#include <memory>
#include <vector>

#include "duckdb/execution/aggregate_hashtable.hpp"

#include "duck.h"
#include "live_plan.h"

namespace tarn::sql {

// The groups of a table that an update reached for the first time in this epoch: rows of the chunk
// just added.
struct Touched {
    uint64_t epoch = 1;
    std::vector<uint32_t> rows;
};

// How the aggregates of a plan are fed: one payload chunk holds all arguments, in order, and after
// them the FILTER conditions. The same for all panes and sets.
struct PayloadLayout {
    explicit PayloadLayout(const LivePlan& plan);

    duckdb::vector<duckdb::LogicalType> types;
    std::vector<const duckdb::Expression*> expressions;
    duckdb::vector<duckdb::LogicalType>
        result_types;  // of the aggregates, and one hidden at the end

    // DISTINCT aggregates of the same arguments and filter: they share one table of what was seen.
    struct Distinct {
        duckdb::unsafe_vector<duckdb::idx_t> aggregates;
        std::vector<int> arguments;  // positions in the payload
        int filter = -1;
    };
    std::vector<Distinct> distincts;
    duckdb::unsafe_vector<duckdb::idx_t> plain;  // all aggregates but the distinct ones
    // What a table is made with, but for the hidden aggregate.
    std::vector<duckdb::BoundAggregateExpression*> aggregates;
    std::vector<duckdb::unique_ptr<duckdb::Expression>>
        filters;  // by aggregate, null if it has none
};

class PaneTable {
  public:
    // keys: types of the set's groups. All must outlive the table.
    PaneTable(duckdb::ClientContext& context, const PayloadLayout& layout,
              const duckdb::vector<duckdb::LogicalType>& keys);

    void add(duckdb::DataChunk& keys, duckdb::DataChunk& payload);
    // Calls each(keys, results) for the groups touched since the last call, in the order in which
    // they were.
    template <class F>
    void take(F&& each) {
        duckdb::DataChunk results;
        if (!touched_keys_.empty())
            results.Initialize(duckdb::Allocator::DefaultAllocator(), layout_.result_types);
        for (auto& keys : touched_keys_) {
            results.Reset();
            table_->FetchAggregates(*keys, results);
            each(*keys, results);
        }
        discard();
    }
    void discard() {
        touched_keys_.clear();
        ++touched_->epoch;
    }
    size_t groups() const { return table_->Count(); }
    size_t memory_bytes() const;

  private:
    void remember_touched(duckdb::DataChunk& keys);
    void add_distinct(size_t distinct, duckdb::DataChunk& keys, duckdb::DataChunk& payload);

    duckdb::ClientContext& context_;
    const PayloadLayout& layout_;
    const duckdb::vector<duckdb::LogicalType> key_types_;
    std::unique_ptr<Touched> touched_;
    std::vector<std::unique_ptr<duckdb::DataChunk>> touched_keys_;
    duckdb::unique_ptr<duckdb::GroupedAggregateHashTable> table_;
    std::vector<duckdb::unique_ptr<duckdb::GroupedAggregateHashTable>>
        seen_;  // by distinct, made when needed
};

}  // namespace tarn::sql
