#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::demo {

struct GeneratorOptions {
    std::string kafka;              // host:port
    std::string stream = "clicks";  // or "edits"
    std::string topic;              // empty: named as the stream
    std::string ledger;             // folder
    int64_t rate = 2'000;           // clicks a second
    uint64_t seed = 1;
    Duration day = Duration::seconds(300);  // in which the day of edits is replayed
    double late = -1, broken = -1;          // shares of the clicks; negative: as usual
    Duration late_from = Duration::seconds(1);
    int64_t first_round = -1;  // of the clicks' ids; negative: as usual
    std::optional<Duration> run_for;
};
// One of the demo's producers, a process of its own: stdout has one JSON object at the end.
Result<int> run_generator(const GeneratorOptions& options);

}  // namespace tarn::demo
