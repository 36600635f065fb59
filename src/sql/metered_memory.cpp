#include "metered_memory.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "duckdb/parallel/task_scheduler.hpp"
#include "duckdb/storage/buffer_manager.hpp"

#include "tarn/base/block_cache.h"
#include "tarn/base/failing_allocation.h"

namespace tarn::sql {

using duckdb::data_ptr_t;
using duckdb::idx_t;

class MemoryMeter : public std::enable_shared_from_this<MemoryMeter> {
  public:
    explicit MemoryMeter(duckdb::BufferManager& manager) : manager_(&manager) {}

    // Throws DuckDB's OutOfMemoryException.
    void take(size_t bytes) {
        manager_->ReserveMemory(bytes);
        bytes_ += bytes;
    }
    void give_back(size_t bytes) {
        std::lock_guard lock(mutex_);
        bytes_ -= bytes;
        if (manager_) manager_->FreeReservedMemory(bytes);
    }
    void close() {
        std::lock_guard lock(mutex_);
        manager_ = nullptr;
    }
    size_t bytes() const { return bytes_; }

  private:
    std::mutex mutex_;  // of the manager's end
    duckdb::BufferManager* manager_;
    std::atomic<size_t> bytes_ = 0;
};

namespace {

// Of this thread. While it draws, what is allocated is not metered: DuckDB makes room then, and
// what it frees for that is given back. While it is busy with the pieces, nothing is metered.
enum class State : uint8_t { kFree, kDrawing, kBusy };
thread_local MemoryMeter* current = nullptr;
thread_local State metering = State::kFree;

class In {
  public:
    explicit In(State now) : before_(std::exchange(metering, now)) {}
    ~In() { metering = before_; }

  private:
    const State before_;
};

// The metered pieces that there are, by address.
class Pieces {
  public:
    struct Piece {
        std::shared_ptr<MemoryMeter> meter;
        size_t bytes = 0;
    };
    // Never destroyed: pieces are freed until the very end of the program.
    static Pieces& all() {
        static auto* pieces = new Pieces;
        return *pieces;
    }
    void add(void* at, Piece piece) {
        auto& shard = shard_of(at);
        std::lock_guard lock(shard.mutex);
        shard.pieces.emplace(at, std::move(piece));
        ++count_;
    }
    // Of no meter if there is none at this address.
    Piece remove(void* at) {
        if (count_.load(std::memory_order_relaxed) == 0) return {};
        auto& shard = shard_of(at);
        std::lock_guard lock(shard.mutex);
        auto found = shard.pieces.extract(at);
        if (found.empty()) return {};
        --count_;
        return std::move(found.mapped());
    }
    bool any() const { return count_.load(std::memory_order_relaxed) > 0; }

  private:
    struct Shard {
        std::mutex mutex;
        std::unordered_map<void*, Piece> pieces;
    };
    Shard& shard_of(void* at) { return shards_[(uintptr_t(at) >> 16) % shards_.size()]; }
    std::atomic<size_t> count_ = 0;
    std::array<Shard, 64> shards_;
};

bool is_metered(size_t bytes) {
    return bytes >= kMeteredPiece && current && metering == State::kFree;
}

// Draws what a piece will take, before it is allocated. Throws DuckDB's OutOfMemoryException.
class Drawn {
  public:
    explicit Drawn(size_t bytes) {
        if (!is_metered(bytes)) return;
        const In drawing(State::kDrawing);
        current->take(bytes);
        meter_ = current->shared_from_this();
        bytes_ = bytes;
    }
    ~Drawn() {
        if (!meter_) return;
        const In busy(State::kBusy);
        meter_->give_back(bytes_);
    }
    // What was drawn is now that of the piece at this address.
    template <class T>
    T* of(T* at) {
        if (!meter_ || !at) return at;
        const In busy(State::kBusy);
        Pieces::all().add(at, {std::move(meter_), bytes_});
        meter_ = nullptr;
        return at;
    }

  private:
    std::shared_ptr<MemoryMeter> meter_;
    size_t bytes_ = 0;
};

// The piece at the address, which is about to go, is given back.
void give_back(void* at) {
    if (metering == State::kBusy || !Pieces::all().any()) return;
    const In busy(State::kBusy);
    if (auto piece = Pieces::all().remove(at); piece.meter) piece.meter->give_back(piece.bytes);
}

// Small pieces are those of DuckDB's own allocator.
data_ptr_t allocate_piece(duckdb::PrivateAllocatorData* data, idx_t size) {
    if (allocation_fails(size)) [[unlikely]]
        return nullptr;
    return size < kCachedPiece ? duckdb::Allocator::DefaultAllocate(data, size)
                               : static_cast<data_ptr_t>(cached_allocate(size));
}

void free_piece(duckdb::PrivateAllocatorData* data, data_ptr_t at, idx_t size) {
    if (size < kCachedPiece)
        duckdb::Allocator::DefaultFree(data, at, size);
    else
        cached_free(at);
}

data_ptr_t allocate(duckdb::PrivateAllocatorData* data, idx_t size) {
    Drawn drawn(size);
    return drawn.of(allocate_piece(data, size));
}

void release(duckdb::PrivateAllocatorData* data, data_ptr_t at, idx_t size) {
    if (size >= kMeteredPiece) give_back(at);
    free_piece(data, at, size);
}

data_ptr_t reallocate(duckdb::PrivateAllocatorData* data, data_ptr_t at, idx_t old_size,
                      idx_t size) {
    Drawn drawn(size);
    if (old_size >= kMeteredPiece) give_back(at);
    if (old_size < kCachedPiece && size < kCachedPiece)
        return drawn.of(duckdb::Allocator::DefaultReallocate(data, at, old_size, size));
    auto* to = allocate_piece(data, size);
    if (!to) return nullptr;
    std::memcpy(to, at, std::min(old_size, size));
    free_piece(data, at, old_size);
    return drawn.of(to);
}

}  // namespace

// Of an instance: its buffer manager's blocks, which it counts itself, come from here too. (Arrays
// that it counts and that are no block are counted twice.)
namespace {

data_ptr_t allocate_of_instance(duckdb::PrivateAllocatorData* data, idx_t size) {
    if (size == DEFAULT_BLOCK_ALLOC_SIZE) return allocate_piece(data, size);
    return allocate(data, size);
}

}  // namespace

duckdb::unique_ptr<duckdb::Allocator> metered_allocator() {
    return duckdb::make_uniq<duckdb::Allocator>(allocate_of_instance, release, reallocate, nullptr);
}

void install_metered_allocator() {
    static std::once_flag once;
    std::call_once(once, [] {
        duckdb::Allocator::DefaultAllocatorReference() =
            duckdb::make_shared_ptr<duckdb::Allocator>(allocate, release, reallocate, nullptr);
    });
}

std::shared_ptr<MemoryMeter> open_meter(duckdb::DatabaseInstance& db) {
    return std::make_shared<MemoryMeter>(duckdb::BufferManager::GetBufferManager(db));
}

void close_meter(MemoryMeter& meter) { meter.close(); }

size_t metered_bytes(const MemoryMeter& meter) { return meter.bytes(); }

MeteredScope::MeteredScope(const std::shared_ptr<MemoryMeter>& meter)
    : before_(std::exchange(current, meter ? meter.get() : current)) {}

MeteredScope::~MeteredScope() { current = before_; }

MeteredThreads::MeteredThreads(duckdb::DatabaseInstance& db, std::shared_ptr<MemoryMeter> meter,
                               int count)
    : db_(db) {
    for (int i = 0; i < count; ++i)
        threads_.emplace_back([this, meter] {
            MeteredScope scope(meter);
            duckdb::TaskScheduler::GetScheduler(db_).ExecuteForever(&running_);
        });
}

MeteredThreads::~MeteredThreads() {
    running_ = false;
    duckdb::TaskScheduler::GetScheduler(db_).Signal(threads_.size());
    for (auto& thread : threads_)
        thread.join();
}

void* metered_allocate(size_t bytes) {
    if (allocation_fails(bytes)) [[unlikely]]
        return nullptr;
    if (!is_metered(bytes)) [[likely]]
        return bytes < kCachedPiece ? std::malloc(bytes) : cached_allocate(bytes);
    std::optional<Drawn> drawn;
    try {
        drawn.emplace(bytes);
    } catch (const std::exception&) {
        return nullptr;
    }
    return drawn->of(cached_allocate(bytes));
}

void metered_free(void* at) noexcept {
    if (!at) return;
    if (malloc_usable_size(at) < kMeteredPiece) [[likely]]
        return std::free(at);
    give_back(at);
    cached_free(at);
}

}  // namespace tarn::sql
