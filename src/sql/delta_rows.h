#pragma once

// Which rows of a data file a scan leaves out, by their positions.

#include <duckdb/common/multi_file/multi_file_data.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tarn::sql {

// Rows that a deletion vector removes.
class DeletedRows final : public duckdb::DeleteFilter {
  public:
    explicit DeletedRows(std::vector<uint64_t> rows) : rows_(std::move(rows)) {}
    duckdb::idx_t Filter(duckdb::row_t start, duckdb::idx_t count,
                         duckdb::SelectionVector& selection) override {
        auto at = std::lower_bound(rows_.begin(), rows_.end(), uint64_t(start));
        if (at == rows_.end() || *at >= uint64_t(start) + count)
            return count;  // untouched: all rows
        selection.Initialize(STANDARD_VECTOR_SIZE);
        duckdb::idx_t kept = 0;
        for (duckdb::idx_t i = 0; i < count; ++i) {
            if (at != rows_.end() && *at == uint64_t(start) + i)
                ++at;
            else
                selection.set_index(kept++, i);
        }
        return kept;
    }

  private:
    std::vector<uint64_t> rows_;
};

// Rows other than those at these positions, which ascend.
class OnlyRows final : public duckdb::DeleteFilter {
  public:
    explicit OnlyRows(std::vector<uint64_t> rows) : rows_(std::move(rows)) {}
    duckdb::idx_t Filter(duckdb::row_t start, duckdb::idx_t count,
                         duckdb::SelectionVector& selection) override {
        auto at = std::lower_bound(rows_.begin(), rows_.end(), uint64_t(start));
        selection.Initialize(STANDARD_VECTOR_SIZE);
        duckdb::idx_t kept = 0;
        for (; at != rows_.end() && *at < uint64_t(start) + count; ++at)
            selection.set_index(kept++, *at - uint64_t(start));
        return kept;
    }

  private:
    std::vector<uint64_t> rows_;
};

}  // namespace tarn::sql
