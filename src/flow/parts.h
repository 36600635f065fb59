#pragma once

// What flows are made of, by the kinds that the folders sources, sinks and triggers give, and the
// flows themselves, by those of the folder kinds.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "readers.h"
#include "sink.h"
#include "source.h"
#include "step.h"
#include "trigger.h"

namespace tarn::flow {

// What parts are made with. The referenced objects outlive them.
struct PartContext {
    const RuntimeOptions& options;
    RuntimeContext& world;
    Readers& readers;
};

// A file under sources/ gives one: `SourceKind <name>_source()`.
struct SourceKind {
    std::string_view kind;  // of its nodes
    Result<std::unique_ptr<Source>> (*make)(const SourceSpec& spec, PartContext& context);
};
std::span<const SourceKind> source_kinds();
// Errors: kInvalidArgument (there is no such kind, or nothing of the name).
Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec, PartContext& context);

// A file under sinks/ gives one: `SinkKind <name>_sink()`.
struct SinkKind {
    std::string_view kind;  // of its nodes
    Result<std::unique_ptr<Sink>> (*make)(const FlowIdentity& flow, const SinkSpec& spec,
                                          PartContext& context);
};
std::span<const SinkKind> sink_kinds();
Result<std::unique_ptr<Sink>> make_sink(const FlowIdentity& flow, const SinkSpec& spec,
                                        PartContext& context);

// A flow in parts. Sinks: one for each port of the step, in their order.
struct FlowParts {
    std::vector<std::unique_ptr<Source>> sources = {};
    std::unique_ptr<Step> step = {};
    std::vector<std::unique_ptr<Sink>> sinks = {};
    std::unique_ptr<Trigger> trigger = {};
};
// A step between nodes.
struct FlowPlan {
    std::vector<SourceSpec> sources;
    std::unique_ptr<Step> step;
    std::vector<SinkSpec> sinks;
};
Result<FlowParts> make_parts(FlowPlan plan, PartContext& context);
std::vector<Node> nodes_of(std::span<const SourceSpec> sources);
// What it reads of this node; nothing if it reads something else.
const SourceSpec* find_source(std::span<const SourceSpec> sources, const Node& node);

// Partitions of the topic that takes what the side output takes; 1 if there is none.
int32_t side_partitions(const std::string& topic, PartContext& context);

// A kind of flow: what of a project's declarations becomes flows. A file under kinds/ gives one:
// `FlowKind <name>_flows()`. Errors name the declaration's file: what its author must change.
struct FlowKind {
    std::string_view name;  // FlowStatus::kind
    Result<std::vector<FlowPlan>> (*plans)(const project::Project& project, PartContext& context);
};
std::span<const FlowKind> flow_kinds();

}  // namespace tarn::flow
