#include "memory_keeper.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "tarn/base/block_cache.h"
#include "tarn/base/settings.h"
#include "tarn/sql/engine_memory.h"

namespace tarn::cli {
namespace {

constexpr Duration kBetweenLooks = Duration::millis(25);
constexpr int kLooksPerTrim = 8, kLooksPerCalmTrim = 200, kLooksPerLoan = 4, kLooksPerAccount = 40;
constexpr int kCalmLooks = 400;  // ten seconds
constexpr int kMostArenas = 4;
// Of the limit, in percent: up to here what an engine does not hold may be lent to it.
constexpr int64_t kLentUpTo = 90;
constexpr int64_t kHeadroom = 32 << 20;   // bytes above what cannot be taken back
constexpr int64_t kWorthALoan = 8 << 20;  // bytes

}  // namespace

void set_up_allocator() {
    // Each arena keeps what was freed in it for itself.
    (void)mallopt(M_ARENA_MAX, kMostArenas);
}

int64_t resident_bytes(int64_t pid) {
    std::ifstream in(pid < 0 ? "/proc/self/statm" : fmt::format("/proc/{}/statm", pid));
    int64_t all = 0, resident = 0;
    in >> all >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

int64_t Lending::limit_of(int64_t limit, int64_t held, int64_t used) const {
    return std::clamp(limit / 100 * kLentUpTo - (held - used), least, most);
}

MemoryKeeper::MemoryKeeper(std::shared_ptr<MemoryBudget> memory, std::vector<Borrower> borrowers,
                           Metrics& metrics, Logger logger)
    : memory_(std::move(memory)),
      uncounted_(memory_),
      borrowers_(std::move(borrowers)),
      held_gauge_(metrics.gauge("tarn_memory_held_bytes", "Memory that the process holds.")),
      level_gauge_(metrics.gauge("tarn_memory_level",
                                 "How short memory is: 0 free, 1 tight, 2 short, 3 full.")),
      allocated_gauge_(
          metrics.gauge("tarn_memory_allocated_bytes", "Memory that the allocator has given out.")),
      free_gauge_(metrics.gauge("tarn_memory_free_bytes",
                                "Memory that the allocator keeps for later, some of it given back "
                                "to the system.")),
      logger_(std::move(logger)) {
    metrics.gauge("tarn_memory_limit_bytes", "Memory that the process may hold: memory.limit.")
        .set(double(memory_->limit()));
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "memory");
}

MemoryKeeper::~MemoryKeeper() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    thread_.join();
}

void MemoryKeeper::run() {
    MutexLock lock(mutex_);
    while (!stopping_) {
        mutex_.unlock();
        look();
        mutex_.lock();
        if (!stopping_) wake_.wait_for(mutex_, kBetweenLooks);
    }
}

void MemoryKeeper::look() {
    const auto held = resident_bytes();
    uncounted_.look(held);
    show(held);
    ++looks_;
    if (looks_ >= next_trim_) trim();
    if (looks_ % kLooksPerAccount == 0) {
        const auto heap = mallinfo2();
        allocated_gauge_.set(double(heap.uordblks + heap.hblkhd));
        free_gauge_.set(double(heap.fordblks));
    }
    if (looks_ % kLooksPerLoan == 0)
        for (const auto& borrower : borrowers_)
            lend(borrower, held);
}

// Takes a fiftieth of the time at most, and little where there is no need.
void MemoryKeeper::trim() {
    const auto begun = std::chrono::steady_clock::now();
    level_ >= MemoryLevel::kTight ? release_all_blocks() : release_old_blocks();
    (void)malloc_trim(0);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begun);
    const auto rest = level_ >= MemoryLevel::kTight ? kLooksPerTrim : kLooksPerCalmTrim;
    next_trim_ = looks_ + std::max(rest, int(50 * took.count() / kBetweenLooks.us));
}

// One line when memory becomes short, and one when it has not been for a while.
void MemoryKeeper::show(int64_t held) {
    level_ = memory_level(memory_.get());
    held_gauge_.set(double(held));
    level_gauge_.set(double(level_));
    calm_ = level_ >= MemoryLevel::kShort ? 0 : calm_ + 1;
    const bool is_short = said_ ? calm_ < kCalmLooks : calm_ == 0;
    if (is_short == said_) return;
    said_ = is_short;
    logger_.log(said_ ? LogLevel::kWarn : LogLevel::kInfo,
                said_ ? "memory is short: flows take turns, and windows that begin go to the disk"
                      : "memory is no longer short",
                {{"held", format_bytes(held)}, {"limit", format_bytes(memory_->limit())}});
}

void MemoryKeeper::lend(const Borrower& to, int64_t held) {
    const auto used = sql::memory_used(to.engine), now = sql::memory_limit(to.engine);
    const auto loan = to.lending.limit_of(memory_->limit(), held, used);
    if (std::abs(loan - now) < kWorthALoan && loan != to.lending.most) return;
    // What is in use and cannot be spilled is taken back when it is free: it is tried again.
    if (loan == now) return;
    if (!sql::set_memory_limit(to.engine, loan))
        (void)sql::set_memory_limit(to.engine, std::min(to.lending.most, used + kHeadroom));
    to.lent.set(double(sql::memory_limit(to.engine)));
}

}  // namespace tarn::cli
