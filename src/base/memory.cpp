#include "tarn/base/memory.h"

#include <fmt/format.h>

#include "tarn/base/check.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/settings.h"

namespace tarn {

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
    if (this != &other) {
        release();
        budget_ = std::move(other.budget_);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

Status MemoryReservation::resize(int64_t bytes) {
    TARN_CHECK(bytes >= 0, "a reservation has no negative size");
    TARN_CHECK(budget_ || bytes == 0, "an empty reservation belongs to no budget");
    if (bytes > bytes_) TARN_RETURN_IF_ERROR(budget_->take(bytes - bytes_));
    if (bytes < bytes_) budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
    return {};
}

void MemoryReservation::release() {
    if (budget_ && bytes_ > 0) budget_->give_back(bytes_);
    budget_.reset();
    bytes_ = 0;
}

std::shared_ptr<MemoryBudget> MemoryBudget::root(std::string name, int64_t limit_bytes) {
    return std::shared_ptr<MemoryBudget>(new MemoryBudget(std::move(name), limit_bytes, nullptr));
}

std::shared_ptr<MemoryBudget> MemoryBudget::child(std::string name, int64_t limit_bytes) {
    return std::shared_ptr<MemoryBudget>(
        new MemoryBudget(std::move(name), limit_bytes, shared_from_this()));
}

Result<MemoryReservation> MemoryBudget::reserve(int64_t bytes) {
    TARN_CHECK(bytes >= 0, "a reservation has no negative size");
    TARN_RETURN_IF_ERROR(take(bytes));
    MemoryReservation reservation;
    reservation.budget_ = shared_from_this();
    reservation.bytes_ = bytes;
    return reservation;
}

Status MemoryBudget::take(int64_t bytes) {
    int64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > limit_ - used)
            return fail(
                errors::kMemoryExhausted,
                fmt::format("memory budget \"{}\" is full: {} wanted, {} of {} in use", name_,
                            format_bytes(bytes), format_bytes(used), format_bytes(limit_)));
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    if (!parent_) return {};
    auto status = parent_->take(bytes);
    if (!status) used_.fetch_sub(bytes, std::memory_order_relaxed);
    return status;
}

void MemoryBudget::give_back(int64_t bytes) {
    for (auto* budget = this; budget; budget = budget->parent_.get())
        budget->used_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace tarn
