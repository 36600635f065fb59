#pragma once

#include <cstdint>

#include "tarn/log/log.h"

namespace tarn::catalog {

// Of all partitions together.
struct TopicSize {
    int64_t kept = 0;      // records
    int64_t appended = 0;  // records, ever
    uint64_t bytes = 0;
};
TopicSize size_of(const log::TopicInfo& topic, const log::Log& log);

}  // namespace tarn::catalog
