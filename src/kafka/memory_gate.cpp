#include "memory_gate.h"

#include <algorithm>
#include <utility>

#include "tarn/base/memory_level.h"

namespace tarn::kafka {

MemoryGate::MemoryGate(size_t limit, std::shared_ptr<MemoryBudget> budget, Gauge& held)
    : limit_(limit), budget_(std::move(budget)), held_(held) {}

bool MemoryGate::contended() const {
    MutexLock lock(mutex_);
    return !line_.empty();
}

void MemoryGate::close() {
    Line forgotten;  // destroyed without the lock: it may end leases
    MutexLock lock(mutex_);
    closed_ = true;
    forgotten.swap(line_);
    lock.unlock();
}

bool MemoryGate::fits(Lease& lease, size_t bytes) {
    if (used_ - lease.bytes_ + bytes > limit_) return false;
    if (memory_level(budget_.get()) >= MemoryLevel::kFull) return false;
    return !budget_ || lease.memory_.resize(int64_t(bytes)).has_value();
}

bool MemoryGate::take(Lease& lease, size_t bytes) {
    if (!fits(lease, bytes) && !closed_) {
        if (past_limit_ && past_limit_ != &lease) return false;
        past_limit_ = &lease;
    }
    set(lease, bytes);
    return true;
}

void MemoryGate::set(Lease& lease, size_t bytes) {
    used_ += bytes - lease.bytes_;
    lease.bytes_ = bytes;
    // Of what went past the limit, the budget may not know.
    if (lease.memory_.bytes() > int64_t(bytes)) (void)lease.memory_.resize(int64_t(bytes));
    held_.set(double(used_));
}

// Who is next in line and finds room.
std::vector<Lease::Granted> MemoryGate::admit() {
    std::vector<Lease::Granted> granted;
    while (!line_.empty() && take(*line_.front().lease, line_.front().bytes)) {
        granted.push_back(std::move(line_.front().granted));
        line_.pop_front();
    }
    return granted;
}

Lease::Lease(std::shared_ptr<MemoryGate> gate) : gate_(std::move(gate)) {
    if (!gate_->budget_) return;
    if (auto none = gate_->budget_->reserve(0)) memory_ = std::move(*none);
}

bool Lease::grow_to(size_t bytes, Granted granted) {
    MutexLock lock(gate_->mutex_);
    if (bytes <= bytes_) return true;
    const bool first = gate_->line_.empty() || gate_->past_limit_ == this;
    if (first && gate_->take(*this, bytes)) return true;
    gate_->line_.push_back({this, bytes, std::move(granted)});
    return false;
}

bool Lease::try_grow_to(size_t bytes) {
    MutexLock lock(gate_->mutex_);
    if (bytes <= bytes_) return true;
    if (!gate_->line_.empty() || !gate_->fits(*this, bytes)) return false;
    gate_->set(*this, bytes);
    return true;
}

void Lease::force_to(size_t bytes) {
    MutexLock lock(gate_->mutex_);
    if (bytes <= bytes_) return;
    (void)gate_->fits(*this, bytes);
    gate_->set(*this, bytes);
}

void Lease::shrink_to(size_t bytes) {
    std::vector<Granted> granted;
    {
        MutexLock lock(gate_->mutex_);
        if (bytes >= bytes_) return;
        gate_->set(*this, bytes);
        granted = gate_->admit();
    }
    for (auto& each : granted)
        each();
}

void Lease::release() {
    MemoryGate::Line forgotten;
    std::vector<Granted> granted;
    {
        MutexLock lock(gate_->mutex_);
        auto& line = gate_->line_;
        for (auto it = line.begin(); it != line.end();) {
            if (it->lease != this) {
                ++it;
                continue;
            }
            forgotten.push_back(std::move(*it));
            it = line.erase(it);
        }
        if (gate_->past_limit_ == this) gate_->past_limit_ = nullptr;
        gate_->set(*this, 0);
        granted = gate_->admit();
    }
    for (auto& each : granted)
        each();
}

}  // namespace tarn::kafka
