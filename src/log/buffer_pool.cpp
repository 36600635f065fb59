#include "buffer_pool.h"

#include <bit>
#include <new>

namespace tarn::log {
namespace {
constexpr std::align_val_t kAlignment{4096};
}

std::shared_ptr<BufferPool> BufferPool::make(size_t max_idle_bytes) {
    return std::shared_ptr<BufferPool>(new BufferPool(max_idle_bytes));
}

BufferPool::~BufferPool() {
    for (auto& c : classes_) {
        for (char* b : c.buffers)
            ::operator delete(b, kAlignment);
    }
}

// Four sizes to each power of two, so at most a fifth is unused.
size_t BufferPool::capacity_for(size_t n) {
    if (n <= 16384) return (n + 4095) / 4096 * 4096;
    size_t step = std::bit_floor(n) / 4;
    return (n + step - 1) / step * step;
}

std::shared_ptr<char> BufferPool::get(size_t n) {
    size_t capacity = capacity_for(n);
    char* buffer = nullptr;
    {
        MutexLock lock(mutex_);
        for (auto& c : classes_) {
            if (c.capacity != capacity || c.buffers.empty()) continue;
            buffer = c.buffers.back();
            c.buffers.pop_back();
            idle_ -= capacity;
            break;
        }
    }
    if (!buffer) buffer = static_cast<char*>(::operator new(capacity, kAlignment));
    return {buffer,
            [pool = shared_from_this(), capacity](char* b) { pool->give_back(b, capacity); }};
}

void BufferPool::give_back(char* buffer, size_t capacity) {
    {
        MutexLock lock(mutex_);
        if (idle_ + capacity <= max_idle_) {
            idle_ += capacity;
            for (auto& c : classes_) {
                if (c.capacity == capacity) return c.buffers.push_back(buffer);
            }
            classes_.push_back({capacity, {buffer}});
            return;
        }
    }
    ::operator delete(buffer, kAlignment);
}

}  // namespace tarn::log
