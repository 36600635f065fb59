#pragma once

#include <functional>

#include "duckdb/execution/operator/helper/physical_result_collector.hpp"
#include "duckdb/main/client_config.hpp"
#include "duckdb/main/prepared_statement_data.hpp"

#include "duck.h"

namespace tarn::sql {

// The root of a running plan: hands each result chunk to a callback, in row order, one at a time.
// The chunk lives for the call only; the statement's own result is empty.
class ChunkCollector final : public duckdb::PhysicalResultCollector {
  public:
    using Each = std::function<void(duckdb::DataChunk&)>;

    ChunkCollector(duckdb::PhysicalPlan& physical, duckdb::PreparedStatementData& data,
                   const Each& each)
        : PhysicalResultCollector(physical, data), each_(each) {}

    duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                                duckdb::OperatorSinkInput&) const override {
        each_(chunk);
        return duckdb::SinkResultType::NEED_MORE_INPUT;
    }
    duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
        duckdb::ClientContext& context) const override {
        auto state = duckdb::make_uniq<State>();
        state->context = context.shared_from_this();
        return state;
    }
    duckdb::unique_ptr<duckdb::QueryResult> GetResult(
        duckdb::GlobalSinkState& state) const override {
        auto& context = *state.Cast<State>().context;
        return duckdb::make_uniq<duckdb::MaterializedQueryResult>(statement_type, properties, names,
                                                                  CreateCollection(context),
                                                                  context.GetClientProperties());
    }
    bool ParallelSink() const override { return false; }
    bool SinkOrderDependent() const override { return true; }

    // While it lives, statements of the context end in a ChunkCollector. `each` must outlive it.
    class Installed {
      public:
        Installed(duckdb::ClientContext& context, const Each& each) : context_(context) {
            duckdb::ClientConfig::GetConfig(context).get_result_collector =
                [&each](duckdb::ClientContext&, duckdb::PreparedStatementData& data)
                -> duckdb::unique_ptr<duckdb::PhysicalOperator> {
                return duckdb::make_uniq<ChunkCollector>(*data.physical_plan, data, each);
            };
        }
        ~Installed() { duckdb::ClientConfig::GetConfig(context_).get_result_collector = nullptr; }
        Installed(const Installed&) = delete;
        Installed& operator=(const Installed&) = delete;

      private:
        duckdb::ClientContext& context_;
    };

  private:
    struct State : duckdb::GlobalSinkState {
        duckdb::shared_ptr<duckdb::ClientContext> context;
    };
    const Each& each_;
};

}  // namespace tarn::sql
