#pragma once

// What meets a commit of others is tried again on top of it.

#include <algorithm>

#include "lake_impl.h"
#include "tarn/lake/change_rows.h"

namespace tarn::lake {

// `attempt` until it has another result than kConflict, at most kMostAttempts times, with pauses
// between that grow: then the last one.
template <class F>
auto again_on_conflict(Lake::Impl& lake, F&& attempt) -> decltype(attempt()) {
    constexpr int64_t kShortestPauseUs = 2'000, kLongestPauseUs = 500'000;
    int64_t pause_us = kShortestPauseUs;
    for (int number = 1;; ++number) {
        auto outcome = attempt();
        if (outcome || outcome.error().code() != ErrorCode::kConflict || number == kMostAttempts)
            return outcome;
        lake.pause(Duration::micros(pause_us));
        pause_us = std::min(2 * pause_us, kLongestPauseUs);
    }
}

}  // namespace tarn::lake
