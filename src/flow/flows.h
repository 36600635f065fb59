#pragma once

// The flows that a project's declarations become, one function a kind: which source, step and sinks
// belong together. The referenced objects outlive the flows. Errors name the model's file: what its
// author must change.

#include <memory>
#include <optional>
#include <vector>

#include "flow.h"
#include "tarn/sql/live_query.h"

namespace tarn::flow {

// A topic into its table, and what does not decode into the quarantine topic (missing for raw
// topics, which refuse nothing).
std::unique_ptr<Flow> make_ingest_flow(TopicReader& reader,
                                       std::optional<log::TopicInfo> quarantine,
                                       const RuntimeOptions& options, RuntimeContext& world,
                                       RunLedger& runs);
// Windows of a topic's rows into a view, and rows that came too late into a topic.
Result<std::unique_ptr<Flow>> make_live_flow(const project::LiveModel& model, TopicReader& reader,
                                             std::optional<log::TopicInfo> late,
                                             const RuntimeOptions& options, RuntimeContext& world,
                                             RunLedger& runs);

struct ModelFlow {
    std::unique_ptr<Flow> flow;
    std::vector<codec::ColumnSpec> table_columns;  // of its table, for models that read it
};
// From a table to a table. `source`: all its columns, under the name that stream('…') has.
Result<ModelFlow> make_model_flow(const project::TableModel& model, const sql::StreamSchema& source,
                                  TableReader& reader, const RuntimeOptions& options,
                                  RuntimeContext& world, RunLedger& runs);

}  // namespace tarn::flow
