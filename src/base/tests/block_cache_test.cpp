#include "tarn/base/block_cache.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>

namespace tarn {
namespace {

class BlockCache : public testing::Test {
  protected:
    BlockCache() { reset(); }
    ~BlockCache() override { reset(); }
    static void reset() {
        set_block_cache_limit(SIZE_MAX);
        release_all_blocks();
    }
    // A build with an address sanitizer keeps nothing.
    static bool keeps() {
        cached_free(cached_allocate(kCachedPiece));
        const bool kept = cached_block_bytes() > 0;
        release_all_blocks();
        return kept;
    }
};

TEST_F(BlockCache, GivesWhatWasFreedToTheNextOfItsSize) {
    if (!keeps()) GTEST_SKIP() << "nothing is kept under an address sanitizer";
    auto* first = cached_allocate(300'000);
    ASSERT_GE(malloc_usable_size(first), 300'000u);
    cached_free(first);
    EXPECT_GE(cached_block_bytes(), 300'000u);
    auto* other = cached_allocate(600'000);
    EXPECT_NE(other, first);
    auto* again = cached_allocate(290'000);
    EXPECT_EQ(again, first);
    EXPECT_EQ(cached_block_bytes(), 0u);
    cached_free(again);
    cached_free(other);
}

TEST_F(BlockCache, EachSizeHasRoom) {
    for (size_t bytes = kCachedPiece - 1; bytes < (8u << 20); bytes += bytes / 7) {
        for (int round = 0; round < 2; ++round) {
            auto* at = cached_allocate(bytes);
            ASSERT_GE(malloc_usable_size(at), bytes);
            std::memset(at, 1, bytes);
            cached_free(at);
        }
        auto* plain = std::malloc(bytes);
        cached_free(plain);  // of malloc, of any size
    }
}

TEST_F(BlockCache, KeepsNoMoreThanItsLimitAndTheOldestGoFirst) {
    if (!keeps()) GTEST_SKIP() << "nothing is kept under an address sanitizer";
    set_block_cache_limit(1 << 20);
    void* pieces[8];
    for (auto& piece : pieces)
        piece = cached_allocate(256 << 10);
    for (auto* piece : pieces)
        cached_free(piece);
    EXPECT_LE(cached_block_bytes(), 1u << 20);
    auto* newest = cached_allocate(256 << 10);
    EXPECT_EQ(newest, pieces[7]);
    set_block_cache_limit(0);
    EXPECT_EQ(cached_block_bytes(), 0u);
    cached_free(newest);
    EXPECT_EQ(cached_block_bytes(), 0u);
}

TEST_F(BlockCache, AllGoWhenMemoryIsTight) {
    cached_free(cached_allocate(1 << 20));
    release_all_blocks();
    EXPECT_EQ(cached_block_bytes(), 0u);
    cached_free(nullptr);
}

}  // namespace
}  // namespace tarn
