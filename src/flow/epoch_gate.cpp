#include "epoch_gate.h"

namespace tarn::flow {

namespace {

constexpr int64_t kPartOfMemory = 8;
constexpr int64_t kShareOfNoMemory = 1ll << 30;  // bytes

}  // namespace

EpochGate::EpochGate(std::shared_ptr<MemoryBudget> memory, Metrics& metrics)
    : memory_(std::move(memory)),
      share_(memory_ ? memory_->limit() / kPartOfMemory : kShareOfNoMemory),
      held_(metrics.gauge("tarn_flow_epoch_bytes",
                          "Memory of the batches that flows are working on.")),
      waits_(metrics.counter("tarn_flow_epoch_waits_total",
                             "Batches that waited for memory before they were read.")) {}

bool EpochGate::has_room() const {
    if (inside_ == 0) return true;
    const auto level = memory_level(memory_.get());
    if (level == MemoryLevel::kFull) return false;
    return used_ + epoch_bytes() <= (level == MemoryLevel::kShort ? share_ / 2 : share_);
}

size_t EpochGate::waiting() const {
    MutexLock lock(mutex_);
    return line_.size();
}

EpochGate::Room EpochGate::enter(int64_t due_us) {
    MutexLock lock(mutex_);
    const auto place = line_.insert({due_us, arrivals_++}).first;
    bool waited = false;
    while (line_.begin() != place || !has_room()) {
        waited = true;
        changed_.wait(mutex_);
    }
    line_.erase(place);
    if (waited) waits_.add();
    ++inside_;
    used_ += epoch_bytes();
    held_.set(double(used_));
    Room room;
    room.gate_ = this;
    room.bytes_ = epoch_bytes();
    changed_.notify_all();  // who is next may find room too
    return room;
}

EpochGate::Room& EpochGate::Room::operator=(Room&& other) noexcept {
    if (this != &other) {
        release();
        gate_ = std::exchange(other.gate_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

void EpochGate::Room::resize(int64_t bytes) {
    if (!gate_) return;
    MutexLock lock(gate_->mutex_);
    gate_->used_ += bytes - bytes_;
    bytes_ = bytes;
    gate_->held_.set(double(gate_->used_));
    gate_->changed_.notify_all();
}

void EpochGate::Room::release() {
    if (!gate_) return;
    MutexLock lock(gate_->mutex_);
    gate_->used_ -= bytes_;
    --gate_->inside_;
    gate_->held_.set(double(gate_->used_));
    gate_->changed_.notify_all();
    lock.unlock();
    gate_ = nullptr;
    bytes_ = 0;
}

}  // namespace tarn::flow
