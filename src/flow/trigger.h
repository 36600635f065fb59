#pragma once

// When a flow that has input runs an epoch. Used by the flow alone.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "tarn/base/time.h"

namespace tarn::flow {

struct FlowSpec;

// What a trigger decides by; µs of the monotonic clock.
struct TriggerTimes {
    int64_t now_us = 0;
    int64_t last_epoch_us = 0;   // when the last one began; far back for a flow that begins
    int64_t input_since_us = 0;  // when input was first seen after it
};

class Trigger {
  public:
    virtual ~Trigger() = default;
    // How long to wait with the input that there is: zero, now; negative, until somebody asks for
    // the epoch.
    virtual Duration wait(const TriggerTimes& times) const = 0;
};

// A file under triggers/ gives one: `TriggerKind <name>_trigger()`.
struct TriggerKind {
    std::string_view name;
    std::string_view text;  // for reference pages: a sentence
    std::unique_ptr<Trigger> (*make)(const FlowSpec& spec);
};
std::span<const TriggerKind> trigger_kinds();

}  // namespace tarn::flow
