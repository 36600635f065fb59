#pragma once

// What a changed project means for the flows that stand: of each flow, whether its change is free,
// goes on with what stands, or needs its sinks built anew from the source.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/flow/node.h"

namespace tarn::flow {

// From the least to the most that a change asks for.
enum class Effect : uint8_t {
    kNone,       // as it stands
    kNew,        // a flow that has not run yet
    kFree,       // comments and formatting: nothing that results depend on
    kContinues,  // goes on from its position; what stands is kept
    kRebuild,    // its sinks are built anew from the source
    kRemoved,    // the project has it no longer; what it wrote stays until it is dropped
};
std::string_view to_string(Effect effect);

// One thing that differs, as a clause: "column note (VARCHAR) is new: null in the rows that stand".
struct Change {
    Effect effect = Effect::kNone;
    std::string what;
    bool rewrites = false;  // a table's files are written anew, once: as long as reading them takes
};

// What the log or a table's history holds of what a rebuild reads.
struct Replay {
    std::string from;   // "topic clicks from offset 0", in words; empty: no rebuild
    int64_t units = 0;  // records or versions that are read again
    std::string unit;   // of one: "record", "version"
    std::string gone;   // what was read before and is there no longer; empty: all is there
    // Units that the flow has got through in a second of work, where that was measured; else 0.
    double units_per_second = 0;
};

struct FlowChange {
    std::string flow, file;  // `file` of a model
    Effect effect = Effect::kNone;
    std::vector<Node> sources, sinks;
    std::vector<Change> changes = {};
    Replay replay = {};
};

}  // namespace tarn::flow
