#pragma once

// Large pieces of memory that were freed, kept for a moment for those that allocate next: a piece
// from the system costs a page fault for each 4 KiB of it, and flows take and free the same sizes
// with every batch. What operator new and DuckDB's allocator take at least kCachedPiece of comes
// from here. Thread-safe; one for the process.

#include <cstddef>

namespace tarn {

inline constexpr size_t kCachedPiece = 64 << 10;  // bytes

// At least so many bytes (>= kCachedPiece), as malloc gives them; nothing if there is no memory.
void* cached_allocate(size_t bytes) noexcept;
// Of a piece that malloc or cached_allocate() gave, of any size.
void cached_free(void* at) noexcept;

// Most bytes that are kept, 256 MiB at first and at most; more are freed at once, the oldest first.
// 0: nothing is kept, as in a build with an address sanitizer, which wants to see each free.
void set_block_cache_limit(size_t bytes) noexcept;
// Frees what nobody has asked for in five seconds, or all. Who frees large pieces does the former
// by itself: somebody has to ask for it where all have fallen silent.
void release_old_blocks() noexcept;
void release_all_blocks() noexcept;
// Bytes that are kept now.
size_t cached_block_bytes() noexcept;

}  // namespace tarn
