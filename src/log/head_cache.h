#pragma once

// The newest blocks of the lane, as they were written: what was synced a moment ago is read from
// here, since O_DIRECT leaves nothing in the page cache. A batch is in memory once: readers share
// the block's buffer. Guarded by the log's lock.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

#include "buffer_pool.h"

namespace tarn::log {

class HeadCache {
  public:
    explicit HeadCache(uint64_t limit_bytes) : limit_(limit_bytes) {}

    struct Block {
        uint64_t position = 0;  // lane_position of its first byte
        size_t size = 0;
        std::shared_ptr<const char> bytes;
    };
    // Blocks come in ascending order of position.
    void add(Block block) {
        bytes_ += BufferPool::capacity_for(block.size);
        blocks_.push_back(std::move(block));
        while (bytes_ > limit_ && !blocks_.empty()) {
            bytes_ -= BufferPool::capacity_for(blocks_.front().size);
            blocks_.pop_front();
        }
    }
    // The block that holds this position, or null.
    const Block* find(uint64_t position) const {
        if (blocks_.empty() || position < blocks_.front().position) return nullptr;
        auto after = std::upper_bound(blocks_.begin(), blocks_.end(), position,
                                      [](uint64_t p, const Block& b) { return p < b.position; });
        auto& block = *std::prev(after);
        return position < block.position + block.size ? &block : nullptr;
    }

  private:
    const uint64_t limit_;
    uint64_t bytes_ = 0;
    std::deque<Block> blocks_;
};

}  // namespace tarn::log
