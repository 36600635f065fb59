#pragma once

// Rows of a table that changes as the model's SQL makes them, one row for each unique_key: the SQL
// is run over what rows were, and these keys go, and over what they became, and these rows come; so
// a row that the SQL leaves out from now on goes too. The last of a key counts, by versions; within
// one version what goes stands before what comes. A row that is as it was is left alone.
//
// Of a table that only grows there are rows that come alone. With a column that says how new a row
// is, the greatest of it counts, and of equal ones the first: rows that come twice, or in another
// order, change nothing.

#include <optional>
#include <string>
#include <vector>

#include "model_step.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {

class MergeStep final : public ModelStep {
  public:
    using ModelStep::ModelStep;
    Status compile() override;
    std::optional<std::vector<int>> key() const override { return key_; }
    std::optional<int> version() const override { return version_; }

  private:
    struct Op;
    struct Ops;
    Status compute(const Input& input, bool replay) override;
    // What the SQL makes of rows as they were, or of rows as they became.
    Status take(const BatchPtr& rows, bool went, Ops& ops);
    void emit(const Ops& ops);
    // Which column of the key a row lacks; -1: none.
    int missing_key(const codec::ColumnBatch& rows, uint32_t row) const;
    BatchPtr keys_of(const BatchPtr& rows, std::span<const uint32_t> which) const;

    std::unique_ptr<sql::StreamStatement> statement_;
    int rejected_ = -1;                // column of the statement's output
    std::vector<int> key_;             // columns of the output without it
    std::optional<int> version_;       // likewise
    std::vector<bool> empty_is_null_;  // by column of the key: the table is partitioned by it
};

}  // namespace tarn::flow
