#include "tarn/base/block_cache.h"

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <mutex>

namespace tarn {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kOff = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kOff = true;
#else
constexpr bool kOff = false;
#endif
#else
constexpr bool kOff = false;
#endif

constexpr size_t kMostKept = 256 << 20;
constexpr int64_t kKeptFor = 5'000'000'000;  // nanoseconds
constexpr size_t kLargest = size_t(1) << 30;
constexpr int kSteps = 4;  // sizes to a power of two: at most a quarter of a piece is not asked for
constexpr int kFirstPower = std::bit_width(kCachedPiece) - 1;
constexpr size_t kClasses = size_t((std::bit_width(kLargest) - 1 - kFirstPower) * kSteps + 1);

size_t size_of(size_t size_class) {
    const auto power = kFirstPower + int(size_class) / kSteps;
    return (size_t(kSteps) + size_class % kSteps) << (power - 2);
}

// The greatest class whose pieces are not larger. bytes: from kCachedPiece to kLargest.
size_t class_within(size_t bytes) {
    const auto power = int(std::bit_width(bytes)) - 1;
    return size_t(power - kFirstPower) * kSteps + ((bytes >> (power - 2)) & (kSteps - 1));
}

int64_t now() {
    timespec at{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
    return int64_t(at.tv_sec) * 1'000'000'000 + at.tv_nsec;
}

// Stands in the piece itself, in two lists: of its class, and of all by age.
struct Kept {
    Kept *newer_of_class, *older_of_class;
    Kept *newer, *older;
    size_t size_class;
    int64_t since;
};

class Blocks {
  public:
    // Trivially destroyed: pieces are freed until the program's end.
    static Blocks& all() {
        static Blocks blocks;
        return blocks;
    }
    // What is not kept goes back to the system at once, and the heaps hold small things alone.
    Blocks() { mallopt(M_MMAP_THRESHOLD, kCachedPiece); }

    void* take(size_t size_class) {
        std::lock_guard lock(mutex_);
        auto* piece = newest_of_class_[size_class];
        if (piece) unlink(piece);
        return piece;
    }

    void keep(void* at, size_t size_class) {
        Kept* gone = nullptr;
        {
            std::lock_guard lock(mutex_);
            auto* piece = static_cast<Kept*>(at);
            *piece = {.newer_of_class = nullptr,
                      .older_of_class = newest_of_class_[size_class],
                      .newer = nullptr,
                      .older = newest_,
                      .size_class = size_class,
                      .since = now()};
            if (piece->older_of_class) piece->older_of_class->newer_of_class = piece;
            if (newest_) newest_->newer = piece;
            newest_of_class_[size_class] = newest_ = piece;
            if (!oldest_) oldest_ = piece;
            bytes_ += size_of(size_class);
            gone = take_old(limit_, piece->since - kKeptFor);
        }
        free_all(gone);
    }

    void release(int64_t before) {
        Kept* gone = nullptr;
        {
            std::lock_guard lock(mutex_);
            gone = take_old(limit_, before);
        }
        free_all(gone);
    }

    void set_limit(size_t bytes) {
        {
            std::lock_guard lock(mutex_);
            limit_ = bytes;
        }
        release(0);
    }
    bool keeps(size_t bytes) const { return bytes <= limit_; }
    size_t bytes() {
        std::lock_guard lock(mutex_);
        return bytes_;
    }

  private:
    // Those beyond the limit or kept since before a time, as a list by `older`.
    Kept* take_old(size_t limit, int64_t before) {
        Kept* gone = nullptr;
        while (oldest_ && (bytes_ > limit || oldest_->since < before)) {
            auto* piece = oldest_;
            unlink(piece);
            piece->older = gone;
            gone = piece;
        }
        return gone;
    }

    static void free_all(Kept* piece) {
        while (piece) {
            auto* next = piece->older;
            std::free(piece);
            piece = next;
        }
    }

    void unlink(Kept* piece) {
        (piece->newer_of_class ? piece->newer_of_class->older_of_class
                               : newest_of_class_[piece->size_class]) = piece->older_of_class;
        if (piece->older_of_class) piece->older_of_class->newer_of_class = piece->newer_of_class;
        (piece->newer ? piece->newer->older : newest_) = piece->older;
        (piece->older ? piece->older->newer : oldest_) = piece->newer;
        bytes_ -= size_of(piece->size_class);
    }

    std::mutex mutex_;
    std::array<Kept*, kClasses> newest_of_class_ = {};
    Kept *newest_ = nullptr, *oldest_ = nullptr;
    size_t bytes_ = 0;
    std::atomic<size_t> limit_ = kOff ? 0 : kMostKept;
};

}  // namespace

void* cached_allocate(size_t bytes) noexcept {
    if (bytes < kCachedPiece || bytes > kLargest || !Blocks::all().keeps(bytes))
        return std::malloc(bytes);
    auto size_class = class_within(bytes);
    if (size_of(size_class) < bytes) ++size_class;
    if (auto* piece = Blocks::all().take(size_class)) return piece;
    return std::malloc(size_of(size_class));
}

void cached_free(void* at) noexcept {
    if (!at) return;
    const auto bytes = malloc_usable_size(at);
    if (bytes < kCachedPiece || bytes > kLargest || !Blocks::all().keeps(bytes)) [[likely]]
        return std::free(at);
    Blocks::all().keep(at, class_within(bytes));
}

void set_block_cache_limit(size_t bytes) noexcept {
    if (!kOff) Blocks::all().set_limit(std::min(bytes, kMostKept));
}

void release_old_blocks() noexcept { Blocks::all().release(now() - kKeptFor); }

void release_all_blocks() noexcept { Blocks::all().release(INT64_MAX); }

size_t cached_block_bytes() noexcept { return Blocks::all().bytes(); }

}  // namespace tarn
