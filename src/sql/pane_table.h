#pragma once

// The state of one window pane: for each grouping set DuckDB's aggregate hash table kept alive,
// with the keys touched since the last take; and for DISTINCT the values, which all sets share by
// number, with the pairs of group and value that each set has seen.

#include <memory>
#include <span>
#include <vector>

#include "duckdb/execution/aggregate_hashtable.hpp"

#include "duck.h"
#include "live_plan.h"
#include "pair_set.h"

namespace tarn::sql {

// What the hidden aggregate of a table tells of the chunk just added.
struct Touched {
    uint64_t epoch = 1;
    std::vector<uint32_t> rows;     // by which a group was reached for the first time in this epoch
    bool numbered = false;          // whether to fill the next one
    std::vector<uint32_t> numbers;  // by row: its group's, from 1 in the order in which groups came
    uint32_t groups = 0;            // that have a number
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

// The values of one DISTINCT in a pane.
class DistinctValues {
  public:
    DistinctValues(duckdb::ClientContext& context, const PayloadLayout& layout,
                   const PayloadLayout::Distinct& distinct);

    // The rows that its filter keeps, with the numbers of their values.
    void add(duckdb::DataChunk& payload);
    size_t count() const { return count_; }
    uint32_t row(size_t i) const { return filtered_ ? uint32_t(kept_.get_index(i)) : uint32_t(i); }
    uint32_t number(size_t i) const { return touched_->numbers[i]; }
    // Those of them whose value is new to the pane: positions as in row().
    const std::vector<uint32_t>& fresh() const { return touched_->rows; }
    size_t memory_bytes() const;

  private:
    const PayloadLayout::Distinct& distinct_;
    duckdb::vector<duckdb::LogicalType> types_;
    std::unique_ptr<Touched> touched_;
    duckdb::unique_ptr<duckdb::GroupedAggregateHashTable> table_;
    const bool filtered_;
    duckdb::SelectionVector kept_;  // where it is filtered
    size_t count_ = 0;
};

class PaneTable {
  public:
    // keys: types of the set's groups. All must outlive the table. `whole`: the set has no group,
    // and its key is a constant.
    PaneTable(duckdb::ClientContext& context, const PayloadLayout& layout,
              const duckdb::vector<duckdb::LogicalType>& keys, bool whole);

    // The values of the same payload, by distinct of the layout.
    void add(duckdb::DataChunk& keys, duckdb::DataChunk& payload,
             std::span<const DistinctValues> values);
    // The values of one distinct alone.
    void add_distinct(size_t distinct, const DistinctValues& values, duckdb::DataChunk& keys,
                      duckdb::DataChunk& payload);
    // Calls each(keys, results) for the groups touched since the last call that did not keep them,
    // in the order in which they were.
    template <class F>
    void take(F&& each, bool keep = false) {
        duckdb::DataChunk results;
        if (!touched_keys_.empty())
            results.Initialize(duckdb::Allocator::DefaultAllocator(), layout_.result_types);
        for (auto& keys : touched_keys_) {
            results.Reset();
            table_->FetchAggregates(*keys, results);
            each(*keys, results);
        }
        if (!keep) discard();
    }
    void discard() {
        touched_keys_.clear();
        ++touched_->epoch;
    }
    size_t groups() const { return table_->Count(); }
    size_t memory_bytes() const { return group_bytes() + pair_bytes(); }
    size_t group_bytes() const;
    size_t pair_bytes() const;
    // The values that come from here on are others than those before.
    void forget_pairs();

  private:
    void remember_touched(duckdb::DataChunk& keys);

    const PayloadLayout& layout_;
    const bool whole_;
    const duckdb::vector<duckdb::LogicalType> key_types_;
    std::unique_ptr<Touched> touched_;
    std::vector<std::unique_ptr<duckdb::DataChunk>> touched_keys_;
    duckdb::unique_ptr<duckdb::GroupedAggregateHashTable> table_;
    std::vector<PairSet> seen_;  // by distinct; empty where the set is whole
};

struct Pane {
    std::vector<DistinctValues> values;  // by distinct
    std::vector<PaneTable> tables;       // by grouping set

    size_t memory_bytes() const;
};

}  // namespace tarn::sql
