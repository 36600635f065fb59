#pragma once

// From a table to a table: what the flows of incremental models share. Each model's table has the
// columns of its SELECT, then _batch_id (the epoch that wrote the row) and _processed_at (its batch
// time). Rows that do not go there stand in a second table, committed before it, with _reason.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "good_rows.h"
#include "step.h"
#include "tarn/sql/live_query.h"
#include "tarn/sql/mergeable_query.h"
#include "tarn/sql/statement.h"

namespace tarn::flow {

// What flows of models read: the source table's columns under the name that stream('…') has.
using SourceSchema = sql::StreamSchema;

class ModelStep : public Step {
  public:
    static constexpr size_t kRows = 0, kSideOutput = 1;  // ports
    ModelStep(FlowSpec spec, project::TableModel model, SourceSchema schema,
              const RuntimeOptions& options, RuntimeContext& world)
        : Step(std::move(spec), options, world),
          model_(std::move(model)),
          schema_(std::move(schema)) {}
    // The SQL. Errors: kInvalidArgument, kUnsupported, with the model's file: what its author must
    // change.
    virtual Status compile() = 0;
    // All columns of the model's table, for models that read it.
    const std::vector<codec::ColumnSpec>& table_columns() const { return table_columns_; }
    // Of a table that has one row a key (SinkSpec::keyed): columns of the output; else nothing.
    virtual std::optional<std::vector<int>> key() const { return std::nullopt; }
    // Of such a table: the column of the output that says which of a key's rows is newer.
    virtual std::optional<int> version() const { return std::nullopt; }
    // Of the table of rows of the side output.
    const std::vector<codec::ColumnSpec>& side_columns() const { return side_columns_; }

    Status run(const Input& input, bool replay) final;

  protected:
    // Parts of compile(). The SQL of a model that makes its rows one by one, and which column of
    // its output is _rejected (-1: none); `rule` stands before what it cannot have.
    struct RowsQuery {
        std::unique_ptr<sql::StreamStatement> statement;
        int rejected = -1;
    };
    Result<RowsQuery> compile_rows(std::string_view rule) const;
    Status set_output(const std::vector<codec::ColumnSpec>& output,
                      const std::vector<codec::ColumnSpec>& aside);
    // Fills rows_, gone_, side_rows_ and replace_at_ of an epoch.
    virtual Status compute(const Input& input, bool replay) = 0;

    // The input's batches, in order.
    static std::vector<BatchPtr> batches_of(const Input& input);
    // Counts rows of the source that an expression refuses, and puts them to the side output.
    void refuse(const RefusedInputs& refused);
    // Rows with a column `_reason`. Columns of the side output that the rows have not are NULL.
    void put_to_side(const BatchPtr& rows, std::span<const uint32_t> which,
                     const std::string& reason);
    Error wrong(Error error) const { return error.with_context(model_.file); }

    const project::TableModel model_;
    const SourceSchema schema_;

    // Of the epoch that runs.
    std::vector<BatchPtr> rows_;       // of the output, without metadata
    std::vector<BatchPtr> gone_;       // keys of rows that go
    std::vector<BatchPtr> side_rows_;  // with _reason, without metadata
    int64_t replace_at_ = -1;

  private:
    std::vector<codec::ColumnSpec> table_columns_, side_columns_;
};

// What the SQL of a model is, as far as strategies ask.
struct ModelQuery {
    const project::TableModel& model;
    bool aggregate = false;                            // else it makes its rows one by one
    std::unique_ptr<sql::MergeableQuery> groups = {};  // of an aggregate over rows that are added
    // Whether the model asks for this incremental_strategy, or leaves it to the SQL.
    bool asks_for(std::string_view strategy) const {
        return model.incremental_strategy.empty() || model.incremental_strategy == strategy;
    }
};

// How a model's table is kept. A file under strategies/ gives one: `ModelStrategy
// <name>_strategy()`.
struct ModelStrategy {
    std::string_view name;        // FlowStatus::strategy
    std::string_view text;        // for reference pages: a sentence
    std::string_view generation;  // its name in the flow's generation, which never changes
    // Whether the SQL is of this form; of several, the first by name is taken.
    bool (*fits)(const ModelQuery& query);
    std::unique_ptr<ModelStep> (*make)(FlowSpec spec, ModelQuery query, SourceSchema schema,
                                       const RuntimeOptions& options, RuntimeContext& world);
};
std::span<const ModelStrategy> model_strategies();

}  // namespace tarn::flow
