#pragma once

// A topic and its partitions as the log keeps them in memory. Everything here is guarded by the
// log's lock, but for what never changes (id, key, number).

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "lane.h"
#include "producer_state.h"

namespace tarn::log {

// A partition's bytes in one segment.
struct Span {
    uint64_t segment = 0;
    int64_t first_offset = 0;
    int64_t next_offset = 0;
    int64_t bytes = 0;
    int64_t max_timestamp_ms = INT64_MIN;
    int64_t last_time_us = 0;  // when the newest was appended
};

struct Topic;

struct Partition {
    PartitionId id;
    PartitionKey key = 0;
    Topic* topic = nullptr;  // valid while !dead
    bool dead = false;       // its topic was deleted
    int64_t log_start = 0;
    int64_t next_offset =
        0;  // of the next append: ahead of high_watermark while a window is under way
    int64_t high_watermark = 0;  // durable and readable below
    int64_t bytes = 0;
    std::deque<Span> spans;  // without gaps, from log_start to high_watermark
    ProducerTable producers;
    std::map<int64_t, int64_t>
        open_transactions;  // producer id to its first offset; durable ones only

    int64_t last_stable_offset() const {
        int64_t stable = high_watermark;
        for (auto& [producer, first] : open_transactions)
            stable = std::min(stable, first);
        return stable;
    }
    // What a durable batch does to transactions.
    void apply_transaction(const DirectoryEntry& e) {
        if (e.control())
            open_transactions.erase(e.producer_id);
        else if (e.transactional())
            open_transactions.try_emplace(e.producer_id, e.base_offset);
    }
    // A durable batch becomes readable. True if it is the partition's first in that segment.
    bool extend(const DirectoryEntry& e, uint64_t segment, int64_t time_us) {
        bool fresh = spans.empty() || spans.back().segment != segment;
        if (fresh) spans.push_back({.segment = segment, .first_offset = e.base_offset});
        auto& span = spans.back();
        span.next_offset = e.next_offset();
        span.bytes += e.size;
        span.max_timestamp_ms = std::max(span.max_timestamp_ms, e.max_timestamp_ms);
        span.last_time_us = time_us;
        bytes += e.size;
        return fresh;
    }
};

struct Topic {
    TopicInfo info;
    uint32_t number = 0;  // never used twice
    std::vector<std::shared_ptr<Partition>> partitions;
};

}  // namespace tarn::log
