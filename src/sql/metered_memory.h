#pragma once

// Memory that untrusted SQL takes outside DuckDB's buffer manager (texts and lists made inside one
// vector, buffers of expressions) drawn on that manager's limit: past it, blocks are spilled, then
// the query fails as it does for any other memory. Only pieces of kMeteredPiece and more are looked
// at; what grows without bound grows in those.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "duckdb.hpp"

namespace tarn::sql {

inline constexpr size_t kMeteredPiece = 64 << 10;  // bytes

class MemoryMeter;

// While it lives, pieces that this thread allocates are metered.
class MeteredScope {
  public:
    explicit MeteredScope(const std::shared_ptr<MemoryMeter>& meter);  // may be null: nothing is
    ~MeteredScope();
    MeteredScope(const MeteredScope&) = delete;
    MeteredScope& operator=(const MeteredScope&) = delete;

  private:
    MemoryMeter* before_;
};

// The threads of a metered engine, in place of DuckDB's own: `count` of them run its tasks until
// the end of this.
class MeteredThreads {
  public:
    MeteredThreads(duckdb::DatabaseInstance& db, std::shared_ptr<MemoryMeter> meter, int count);
    ~MeteredThreads();

  private:
    duckdb::DatabaseInstance& db_;
    std::atomic<bool> running_ = true;
    std::vector<std::thread> threads_;
};

// Pieces may be freed after its engine has ended, and by any thread; then they are no longer given
// back. close() before the engine ends. Thread-safe.
std::shared_ptr<MemoryMeter> open_meter(duckdb::DatabaseInstance& db);
void close_meter(MemoryMeter& meter);
// Bytes that stand in pieces now.
size_t metered_bytes(const MemoryMeter& meter);

// Before an instance of DuckDB is made: what all of them allocate from beside their own.
void install_metered_allocator();
// An instance's own.
duckdb::unique_ptr<duckdb::Allocator> metered_allocator();

}  // namespace tarn::sql
