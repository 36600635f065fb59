#include "epoch_gate.h"

namespace tarn::flow {

namespace {

constexpr int64_t kPartOfEpochs = 8;
constexpr int64_t kShareOfNoMemory = 1ll << 30;  // bytes

}  // namespace

EpochGate::EpochGate(std::shared_ptr<MemoryBudget> memory, Metrics& metrics)
    : memory_(std::move(memory)),
      share_(memory_ ? memory_->limit() / kPartOfEpochs : kShareOfNoMemory),
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

void EpochGate::take(Room& room) {
    room.state_ = Room::State::kInside;
    room.bytes_ = epoch_bytes();
    ++inside_;
    used_ += room.bytes_;
    held_.set(double(used_));
}

// Those at the front of the line that find room have it.
EpochGate::Told EpochGate::admit() {
    Told told;
    while (!line_.empty() && has_room()) {
        auto& room = *line_.begin()->second;
        line_.erase(line_.begin());
        take(room);
        if (room.told_) told.push_back(room.told_);
    }
    return told;
}

bool EpochGate::Room::enter(int64_t due_us) {
    MutexLock lock(gate_.mutex_);
    if (state_ != State::kOutside) return state_ == State::kInside;
    if (gate_.line_.empty() && gate_.has_room()) {
        gate_.take(*this);
        return true;
    }
    state_ = State::kWaiting;
    place_ = {due_us, gate_.arrivals_++};
    gate_.line_.emplace(place_, this);
    gate_.waits_.add();
    return false;
}

void EpochGate::Room::on_room(std::function<void()> told) {
    MutexLock lock(gate_.mutex_);
    told_ = std::move(told);
}

bool EpochGate::Room::waits() const {
    MutexLock lock(gate_.mutex_);
    return state_ == State::kWaiting;
}

int64_t EpochGate::Room::bytes() const {
    MutexLock lock(gate_.mutex_);
    return bytes_;
}

void EpochGate::Room::resize(int64_t bytes) {
    Told told;
    {
        MutexLock lock(gate_.mutex_);
        if (state_ != State::kInside) return;
        gate_.used_ += bytes - bytes_;
        bytes_ = bytes;
        gate_.held_.set(double(gate_.used_));
        told = gate_.admit();
    }
    for (const auto& each : told)
        each();
}

void EpochGate::Room::release() {
    Told told;
    {
        MutexLock lock(gate_.mutex_);
        if (state_ == State::kOutside) return;
        if (state_ == State::kWaiting) {
            gate_.line_.erase(place_);
        } else {
            gate_.used_ -= bytes_;
            --gate_.inside_;
            gate_.held_.set(double(gate_.used_));
        }
        state_ = State::kOutside;
        bytes_ = 0;
        told = gate_.admit();
    }
    for (const auto& each : told)
        each();
}

}  // namespace tarn::flow
