#pragma once

// Which rows of a data file a scan leaves out, by their positions.

#include <duckdb/common/multi_file/multi_file_data.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "tarn/delta/row_set.h"

namespace tarn::sql {

// Bit by bit which of the next 64 rows stay; those behind the last one do not count.
class RowsByWord : public duckdb::DeleteFilter {
  public:
    duckdb::idx_t Filter(duckdb::row_t start, duckdb::idx_t count,
                         duckdb::SelectionVector& selection) final {
        selection.Initialize(STANDARD_VECTOR_SIZE);
        duckdb::idx_t kept = 0;
        for (duckdb::idx_t i = 0; i < count; i += 64) {
            auto word = stay(uint64_t(start) + i);
            if (count - i < 64) word &= (uint64_t(1) << (count - i)) - 1;
            for (; word != 0; word &= word - 1)
                selection.set_index(kept++, i + duckdb::idx_t(std::countr_zero(word)));
        }
        return kept;
    }

  protected:
    virtual uint64_t stay(uint64_t from) const = 0;
};

// The rows of a set alone.
class OnlyRows final : public RowsByWord {
  public:
    explicit OnlyRows(std::shared_ptr<const delta::RowSet> rows) : rows_(std::move(rows)) {}

  private:
    uint64_t stay(uint64_t from) const override { return rows_->word(from); }
    const std::shared_ptr<const delta::RowSet> rows_;
};

// The rows that a set has not.
class OtherRows final : public RowsByWord {
  public:
    explicit OtherRows(std::shared_ptr<const delta::RowSet> rows) : rows_(std::move(rows)) {}

  private:
    uint64_t stay(uint64_t from) const override { return ~rows_->word(from); }
    const std::shared_ptr<const delta::RowSet> rows_;
};

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

}  // namespace tarn::sql
