#pragma once

// A window pane that keeps its rows instead of its groups: they lie in blocks of DuckDB's buffer
// manager, which spills them to the disk when its memory is short. The groups are made when the
// window ends: of all sets in one pass over the rows, which lie apart by the hash of what DISTINCT
// takes, so that the values of one part after the other stand in memory. Where the groups of all
// sets do not fit, set by set, and where those of a set do not, in parts of them by the hash of
// their keys: what stands in memory at once is bounded whatever the window holds.

#include <array>
#include <deque>
#include <functional>
#include <initializer_list>

#include "duckdb/common/types/column/column_data_collection.hpp"

#include "pane_table.h"

namespace tarn::sql {

// What groups are made from: the same for all panes of a query, and outlives them.
struct PaneShape {
    const PayloadLayout& layout;
    const std::vector<std::vector<int>>& sets;  // positions in the chunk of groups
    const std::vector<duckdb::vector<duckdb::LogicalType>>& key_types;  // by set
};

class StoredPane {
  public:
    StoredPane(duckdb::ClientContext& context, const PaneShape& shape,
               const duckdb::DataChunk& groups, const duckdb::DataChunk& payload);

    // Rows, each with the values of all groups and of what the aggregates take.
    void add(duckdb::DataChunk& groups, duckdb::DataChunk& payload);
    size_t rows() const;

    // What its groups take at most, about, in bytes.
    size_t bytes_of_groups() const;
    // All rows, in an order that follows from that in which they came.
    using EachRows = std::function<void(duckdb::DataChunk& groups, duckdb::DataChunk& payload)>;
    void each_rows(const EachRows& each);

    // The chunks of a set's groups, all of one set before the next one.
    using Each =
        std::function<void(size_t set, duckdb::DataChunk& keys, duckdb::DataChunk& results)>;
    // `memory`: bytes that groups and distinct values may take at once, about. Throws what DuckDB
    // throws.
    void results(size_t memory, const Each& each);

  private:
    using Rows = duckdb::ColumnDataCollection;
    static constexpr int kPartBits = 4;              // sixteen parts of rows
    static constexpr size_t kRowsOfNoPart = 32'768;  // a part's block would be larger than its rows
    // Keys, or what DISTINCT takes, whose hash ends in these bits.
    struct Part {
        uint64_t ending = 0;
        int bits = 0;
    };
    bool results_of_all(size_t memory, const Each& each);
    void results_of_part(size_t set, Part part, size_t memory, const Each& each);
    void results_of_whole(size_t set, size_t memory, const Each& each);
    template <class F>
    bool scan(F&& each);
    template <class F>
    bool scan(Rows& rows, F&& each);
    template <class F>
    bool scan_part(Part part, F&& each);
    void add_to_parts(duckdb::DataChunk& all, duckdb::DataChunk& payload);
    void keys_of(size_t set, duckdb::DataChunk& groups, duckdb::DataChunk& keys) const;
    void add_values(size_t set, size_t distinct, Part part, size_t memory, PaneTable& table);
    static std::array<Part, 2> halves(Part part) {
        return {{{part.ending, part.bits + 1},
                 {part.ending | uint64_t(1) << part.bits, part.bits + 1}}};
    }
    static bool keep(Part part, duckdb::DataChunk& hashed,
                     std::initializer_list<duckdb::DataChunk*> chunks);
    static duckdb::idx_t select(duckdb::DataChunk& keys, Part part, duckdb::SelectionVector& rows);

    duckdb::ClientContext& context_;
    const PaneShape& shape_;
    const size_t group_count_;
    Rows rows_;               // the first, of all parts
    std::deque<Rows> parts_;  // those behind them, by the hash of the one DISTINCT's values
};

}  // namespace tarn::sql
