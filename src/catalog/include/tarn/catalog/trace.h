#pragma once

// Where one event is: from its topic through every flow that reads it, to tables, views and the
// flows behind them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/catalog/payload.h"
#include "tarn/host/platform.h"

namespace tarn::catalog {

struct EventPlace {
    std::string topic;
    int32_t partition = 0;
    int64_t offset = 0;
    friend auto operator<=>(const EventPlace&, const EventPlace&) = default;
};

// A node that the event came to, or should have.
struct Step {
    std::string kind, name;
    std::string
        state;  // passed, waiting, dead_letter, quarantined, late, duplicate, lost or unknown
    std::string detail;
    std::optional<Timestamp> at;  // of the commit that made it visible there
    std::optional<int64_t> epoch, version;
};

struct Trace {
    bool found = false;
    std::optional<EventPlace> place;
    std::optional<Timestamp>
        sent;                  // the record's, where the log still holds it; and so the next two
    std::string id, id_field;  // what the event calls itself, and which of its fields says so
    std::optional<Payload> value;
    std::vector<Step> steps;
    std::string verdict;  // one sentence; where nothing is found, why
};

// An id (within a topic, or anywhere; in one field, or in any that looks as an id), else a place; a
// topic that is named exists.
struct TraceQuestion {
    std::string id;
    EventPlace place;
    std::string field = {};
};

// Reads the log, tables and flows as they are now; thread-safe. Errors: those of reading.
Result<Trace> trace(const host::Platform& platform, const TraceQuestion& question);

}  // namespace tarn::catalog
