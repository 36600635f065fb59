#pragma once

// Building what a flow writes anew, beside what stands, and putting it in its place.
//
// An order is <state>/<flow>~rebuild/order.json, replaced as a whole and durable before anything is
// done; so a restart goes on with it:
//
//   {"version": 1, "flow": text, "generation": text, "phase": "wait" | "build" | "swap",
//    "after": [flow…], "target": [[[at, within]…]…]}
//
//   wait    for the flows whose tables it reads, which are rebuilt first
//   build   a flow of the new generation runs from the source's start into tables and views of its
//           own, named <name>__rebuild, with its journal in <state>/<flow>~rebuild, up to the
//           target: by source and partition, where the old one stood. To late and dead letter
//           topics it writes what they do not hold yet, by the place of the record in the source:
//           what they hold when it begins stands in known/<topic> (side_known.h).
//   swap    each sink takes the place of the old one in one commit of its own, then the journal in
//           one rename; each step is left out when it is done. Then the flow goes on from the
//           target, as any other.
//
// So readers see the old or the new, and nothing is written twice.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parts.h"
#include "protocol.h"

namespace tarn::flow {

struct RebuildOrder {
    enum class Phase { kWait, kBuild, kSwap };
    std::string flow, generation;
    Phase phase = Phase::kWait;
    std::vector<std::string> after = {};
    Positions target = {};
};

// What of a flow's plan is known when the plan itself has become parts.
struct FlowShape {
    std::string name;
    std::vector<SourceSpec> sources;
    std::vector<SinkSpec> sinks;
};
FlowShape shape_of(const FlowPlan& plan);

std::string rebuild_state(std::string_view flow);  // a folder in that of states
std::string rebuild_name(std::string_view sink);   // of a table or view

// Nothing if there is none. Errors: kCorrupted, kIo.
Result<std::optional<RebuildOrder>> read_order(io::FileSystem& fs, const RuntimeOptions& options,
                                               std::string_view flow);
Status write_order(io::FileSystem& fs, const RuntimeOptions& options, const RebuildOrder& order);

// The plans of all flows of a project, in the order of their kinds.
Result<std::vector<FlowPlan>> plans_of(const project::Project& project, PartContext& context);

// What was read for the flow, but is there no longer; empty if all is.
Result<Replay> replay_of(const FlowShape& flow, PartContext& context);

// Makes the orders for these flows and those that read what they write. Errors: kNotFound,
// kFailedPrecondition.
Result<std::vector<std::string>> make_orders(const std::vector<FlowPlan>& plans,
                                             std::span<const std::string> names, bool from_retained,
                                             PartContext& context);

// The flow's plan as that of the order builds.
FlowPlan beside(FlowPlan plan, const RebuildOrder& order);
// Keeps what the flow's side outputs hold; before the phase kBuild, while nothing writes to them.
Status keep_known(const FlowShape& flow, PartContext& context);
// Where the flow that stands is, with what its side outputs hold.
Result<Positions> target_of(const FlowShape& flow, PartContext& context);
// The phase kSwap: all of it, or what is left of it.
Status swap(const FlowShape& flow, PartContext& context);
// What the journal of the flow that stands begins with; nothing if there is none that can be read.
std::optional<JournalHeader> standing_build(const FlowShape& flow, PartContext& context);
// What was built so far goes, the order stays.
Status begin_again(const FlowShape& flow, RebuildOrder order, PartContext& context);

}  // namespace tarn::flow
