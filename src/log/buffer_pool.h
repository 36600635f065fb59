#pragma once

// Aligned buffers for O_DIRECT, given back for reuse when the last owner lets go: fresh pages cost
// several times what the copy into them costs. Thread-safe.

#include <array>
#include <memory>
#include <vector>

#include "tarn/base/mutex.h"

namespace tarn::log {

class BufferPool : public std::enable_shared_from_this<BufferPool> {
  public:
    // Keeps up to max_idle_bytes for reuse.
    static std::shared_ptr<BufferPool> make(size_t max_idle_bytes);
    ~BufferPool();
    // At least n > 0 bytes at an address that is a multiple of 4,096; contents arbitrary. Lives on
    // after the pool.
    std::shared_ptr<char> get(size_t n);
    // What get(n) takes from memory.
    static size_t capacity_for(size_t n);

  private:
    explicit BufferPool(size_t max_idle_bytes) : max_idle_(max_idle_bytes) {}
    void give_back(char* buffer, size_t capacity);

    const size_t max_idle_;
    Mutex mutex_;
    size_t idle_ TARN_GUARDED_BY(mutex_) = 0;
    struct Idle {
        size_t capacity;
        std::vector<char*> buffers;
    };
    std::vector<Idle> classes_ TARN_GUARDED_BY(mutex_);
};

}  // namespace tarn::log
