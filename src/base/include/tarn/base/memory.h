#pragma once

// Memory as one tree of budgets: a reservation taken from a child counts against every ancestor. Over the limit a
// reservation is refused (kResourceExhausted, naming the budget that was full), so that the caller spills, slows or
// refuses with a reason, and nobody is killed. Thread-safe.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "tarn/base/result.h"

namespace tarn {

class MemoryBudget;

// Bytes held from a budget until destroyed. Move-only.
class MemoryReservation {
  public:
    MemoryReservation() = default;
    MemoryReservation(MemoryReservation&& other) noexcept { *this = std::move(other); }
    MemoryReservation& operator=(MemoryReservation&& other) noexcept;
    ~MemoryReservation() { release(); }
    int64_t bytes() const { return bytes_; }
    // Grows or shrinks in place; on error nothing changes.
    Status resize(int64_t bytes);
    void release();

  private:
    friend class MemoryBudget;
    std::shared_ptr<MemoryBudget> budget_;
    int64_t bytes_ = 0;
};

class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
  public:
    static std::shared_ptr<MemoryBudget> root(std::string name, int64_t limit_bytes);
    std::shared_ptr<MemoryBudget> child(std::string name, int64_t limit_bytes);
    Result<MemoryReservation> reserve(int64_t bytes);
    int64_t used() const { return used_.load(std::memory_order_relaxed); }
    int64_t limit() const { return limit_; }
    const std::string& name() const { return name_; }

  private:
    friend class MemoryReservation;
    MemoryBudget(std::string name, int64_t limit, std::shared_ptr<MemoryBudget> parent)
        : name_(std::move(name)), limit_(limit), parent_(std::move(parent)) {}
    Status take(int64_t bytes);
    void give_back(int64_t bytes);

    std::string name_;
    int64_t limit_;
    std::shared_ptr<MemoryBudget> parent_;
    std::atomic<int64_t> used_{0};
};

}  // namespace tarn
