// One flow, whatever the project: twice the numbers, added up.

#include "parts.h"

namespace tarn::flow {
namespace {

class Twice final : public Step {
  public:
    using Step::Step;
    Status run(const Input& input, bool) override {
        counters_ = input.plan.before;
        counters_.rows_in += input.records;
        counters_.rows_out += input.records;
        port(0) = {};
        for (const auto& part : input.parts)
            for (const auto& rows : part.batch->rows) {
                auto twice = std::make_shared<codec::ColumnBatch>(*rows);
                for (size_t i = 0; i < rows->row_count; ++i)
                    twice->columns[0].values<int64_t>()[i] *= 2;
                port(0).rows.push_back(std::move(twice));
            }
        return {};
    }
};

Result<std::vector<FlowPlan>> plans(const project::Project&, PartContext& context) {
    std::vector<FlowPlan> out;
    FlowSpec spec{
        .name = "made.up", .kind = "numbers", .generation = "1", .sql = "", .trigger = "at_once"};
    FlowPlan plan{{{.node = {"numbers", "ten"}}},
                  std::make_unique<Twice>(std::move(spec), context.options, context.world),
                  {}};
    plan.sinks.push_back({.node = {"tally", "sum"}});
    out.push_back(std::move(plan));
    return out;
}

}  // namespace

FlowKind numbers_flows() { return {"numbers", plans}; }

}  // namespace tarn::flow
