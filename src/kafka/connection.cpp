#include "connection.h"

#include <algorithm>

#include "handlers.h"

namespace tarn::kafka {
namespace {

constexpr size_t kBufferBytes = 16 << 10;
// Requests of one connection that are handled at once; more wait in the socket.
constexpr size_t kMaxSlots = 64;
// The smallest header: api key, version, correlation id, and a null client id.
constexpr size_t kMinFrameBytes = 10;

}  // namespace

bool InflightGate::take(size_t bytes, std::move_only_function<void()> resume) {
    MutexLock lock(mutex_);
    if (used_ != 0 && used_ + bytes > limit_) {
        waiting_.push_back(std::move(resume));
        return false;
    }
    used_ += bytes;
    return true;
}

void InflightGate::give_back(size_t bytes) {
    std::deque<std::move_only_function<void()>> resumed;
    {
        MutexLock lock(mutex_);
        used_ -= bytes;
        if (used_ <= limit_ / 2) resumed.swap(waiting_);
    }
    for (auto& resume : resumed)
        resume();
}

Connection::Connection(std::shared_ptr<net::Connection> connection, std::shared_ptr<Broker> broker,
                       std::shared_ptr<InflightGate> gate)
    : Session(connection),
      broker_(std::move(broker)),
      gate_(std::move(gate)),
      peer_(std::make_shared<Peer>()),
      buffer_(kBufferBytes, '\0') {
    static_cast<net::Ends&>(*peer_) = connection->ends();
    peer_->loop = connection->loop();
}

Connection::~Connection() { close(); }

void Connection::start() { read_some(); }

void Connection::close() {
    if (closed()) return;
    peer_->closed = true;
    connection().close();
    if (reserved_ > 0) gate_->give_back(reserved_);
    reserved_ = 0;
    for (const auto& slot : slots_)
        gate_->give_back(slot.bytes);
    slots_.clear();
}

void Connection::expired() {
    if (slots_.empty()) return close();
    connection().expires_after(Duration{broker_->options.idle_timeout.us / 4});
}

void Connection::refuse(std::string_view reason, int64_t size) {
    broker_->metrics.malformed.add();
    broker_->context.logger.warn("refused a frame and closed its connection",
                                 {{"reason", reason}, {"client", peer_->host}, {"bytes", size}});
    close();
}

void Connection::read_some() {
    if (closed() || reading_) return;
    if (begin_ > 0) {
        std::copy(buffer_.begin() + ptrdiff_t(begin_), buffer_.begin() + ptrdiff_t(end_),
                  buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    reading_ = true;
    connection().stream().read_some(std::span(buffer_).subspan(end_),
                                    [self = shared_from_this()](auto error, size_t n) {
                                        self->reading_ = false;
                                        if (error) return self->close();
                                        self->on_read(n);
                                    });
}

void Connection::on_read(size_t n) {
    if (closed()) return;
    end_ += n;
    connection().heard();
    take_frames();
}

void Connection::take_frames() {
    while (!closed() && !reading_ && !waiting_)
        if (take_frame() == Step::kWait) return;
}

// Handles the frame at the front of the buffer, or sets going what must come first.
Connection::Step Connection::take_frame() {
    const size_t have = end_ - begin_;
    if (have < 6) return read_some(), Step::kWait;
    const int64_t size = load_be<int32_t>(buffer_.data() + begin_);
    if (size < int64_t(kMinFrameBytes)) {
        refuse("the frame is too small", size);
        return Step::kWait;
    }
    if (size > int64_t(broker_->options.max_frame_bytes)) {
        refuse("the frame is too large, or not of Kafka's protocol", size);
        return Step::kWait;
    }
    const auto api_key = load_be<int16_t>(buffer_.data() + begin_ + 4);
    // Resumed when an answer has gone out.
    if (!may_handle(api_key == ProduceRequest::kApiKey)) return Step::kWait;
    if (reserved_ == 0 && !make_room(size_t(size))) return Step::kWait;
    const size_t in_buffer = have - 4;
    if (in_buffer >= size_t(size)) {
        std::string frame(buffer_, begin_ + 4, size_t(size));
        begin_ += 4 + size_t(size);
        handle(std::move(frame), std::exchange(reserved_, 0));
        return Step::kAgain;
    }
    if (size_t(size) + 4 <= buffer_.size()) return read_some(), Step::kWait;
    // A large one gets memory of its own, into which the socket's bytes go directly.
    frame_.resize_and_overwrite(size_t(size), [&](char* data, size_t length) {
        std::copy_n(buffer_.data() + begin_ + 4, in_buffer, data);
        return length;
    });
    begin_ = end_ = 0;
    read_rest(in_buffer);
    return Step::kWait;
}

// A client has been heard once its frame is whole; single bytes of one do not keep it open.
void Connection::read_rest(size_t have) {
    reading_ = true;
    connection().stream().read_some(
        std::span(frame_).subspan(have), [self = shared_from_this(), have](auto error, size_t n) {
            self->reading_ = false;
            if (error) return self->close();
            if (have + n < self->frame_.size()) return self->read_rest(have + n);
            self->connection().heard();
            self->handle(std::exchange(self->frame_, {}), std::exchange(self->reserved_, 0));
            self->take_frames();
        });
}

// Room for a frame in the gate and in the memory budget; without it, asks again later.
bool Connection::make_room(size_t size) {
    const auto again = [weak = weak_from_this(), loop = connection().loop()] {
        loop->post([weak] {
            const auto self = weak.lock();
            if (!self || !std::exchange(self->waiting_, false)) return;
            self->take_frames();
        });
    };
    if (broker_->context.memory) {
        auto memory = broker_->context.memory->reserve(int64_t(size));
        if (!memory) {
            waiting_ = true;
            broker_->timers.schedule(Duration::millis(20), again);
            return false;
        }
        memory_ = std::move(*memory);
    }
    if (!gate_->take(size, again)) {
        waiting_ = true;
        memory_.release();
        return false;
    }
    reserved_ = size;
    return true;
}

// A broker handles one request of a connection at a time. Produce requests may run together: the
// log keeps their order, and they share its commits.
bool Connection::may_handle(bool is_produce) const {
    if (slots_.empty()) return true;
    return is_produce && slots_.back().is_produce && slots_.front().is_produce &&
           slots_.size() < kMaxSlots;
}

void Connection::handle(std::string frame, size_t reserved) {
    if (closed()) return gate_->give_back(reserved);
    const auto number = next_slot_++;
    const bool is_produce = peek_api_key(frame) == ProduceRequest::kApiKey;
    slots_.push_back({number, is_produce, reserved, std::move(memory_), std::nullopt});
    auto request = std::make_unique<Request>();
    request->frame = std::move(frame);
    request->peer = peer_;
    request->principal = connection().principal();
    dispatch(*broker_, std::move(request),
             [self = shared_from_this(), number](Answer answer) mutable {
                 auto& loop = *self->connection().loop();
                 loop.post([self = std::move(self), number, answer = std::move(answer)]() mutable {
                     self->answered(number, std::move(answer));
                 });
             });
}

void Connection::answered(uint64_t number, Answer answer) {
    if (closed()) return;
    slots_[number - slots_.front().number].answer = std::move(answer);
    send_ready();
}

// Sends all answers that are ready at the front, in one gathered write.
void Connection::send_ready() {
    if (writing_ || closed()) return;
    bool freed = false;
    bool last = false;
    while (!slots_.empty() && slots_.front().answer && !last) {
        auto& slot = slots_.front();
        if (slot.answer->frame) sending_.push_back(std::move(*slot.answer->frame));
        last = slot.answer->close;
        gate_->give_back(slot.bytes);
        slots_.pop_front();
        freed = true;
    }
    if (last) return close();
    if (sending_.empty()) return freed ? take_frames() : void();
    parts_.clear();
    for (const auto& frame : sending_) {
        const std::string_view bytes = frame.bytes;
        size_t done = 0;
        for (const auto& [at, slice] : frame.splices) {
            if (at > done) parts_.push_back(bytes.substr(done, at - done));
            parts_.push_back(slice.bytes);
            done = at;
        }
        if (bytes.size() > done) parts_.push_back(bytes.substr(done));
    }
    writing_ = true;
    connection().stream().write(parts_, [self = shared_from_this()](auto error, size_t) {
        self->writing_ = false;
        self->sending_.clear();
        if (error) return self->close();
        self->connection().heard();
        self->send_ready();
        self->take_frames();
    });
    take_frames();
}

}  // namespace tarn::kafka
