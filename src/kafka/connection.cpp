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
// Memory for a large frame grows as its bytes come: by what it has, from the first to the second.
constexpr size_t kFirstStepBytes = 64 << 10;
constexpr size_t kLargestStepBytes = 4 << 20;
// Answers go out in pieces of so much: whether a client reads on is seen from one to the next.
constexpr size_t kWriteBytes = 256 << 10;
// Larger answers count as held memory although they did not ask for it before.
constexpr size_t kSmallAnswerBytes = 16 << 10;

}  // namespace

Connection::Connection(std::shared_ptr<net::Connection> connection, std::shared_ptr<Broker> broker)
    : Session(connection),
      broker_(std::move(broker)),
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
    lease_.reset();
    slots_.clear();
}

Duration Connection::stall_limit() const {
    return std::min(broker_->options.stall_timeout, broker_->options.idle_timeout);
}

void Connection::expired() {
    const bool owes_rest = frame_size_ > 0 && !waiting_ && muted_ == 0;
    if (!writing_ && !owes_rest) {
        if (slots_.empty() && !waiting_ && muted_ == 0) return close();
        return connection().expires_after(Duration{broker_->options.idle_timeout.us / 4});
    }
    stalled_.us += stall_limit().us;
    const bool others_wait = (writing_ && broker_->answers->contended()) ||
                             (owes_rest && broker_->requests->contended());
    if (!others_wait && stalled_ < broker_->options.idle_timeout)
        return connection().expires_after(stall_limit());
    broker_->metrics.stalled.add();
    broker_->context.logger.warn(
        "closed a connection that had stalled",
        {{"in", writing_ ? "an answer that it did not read" : "a request that did not go on"},
         {"client", peer_->host},
         {"others_wait", others_wait}});
    close();
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
    while (!closed() && !reading_ && !waiting_ && muted_ == 0)
        if (take_frame() == Step::kWait) return;
}

// Handles the frame at the front of the buffer, or sets going what must come first.
Connection::Step Connection::take_frame() {
    if (frame_size_ > 0) return read_rest(), Step::kWait;
    const size_t have = end_ - begin_;
    if (have < 4) return read_some(), Step::kWait;
    const int64_t size = load_be<int32_t>(buffer_.data() + begin_);
    if (size < int64_t(kMinFrameBytes)) {
        refuse("the frame is too small", size);
        return Step::kWait;
    }
    if (size > int64_t(broker_->options.max_frame_bytes)) {
        refuse("the frame is too large, or not of Kafka's protocol", size);
        return Step::kWait;
    }
    if (have < 6) return read_some(), Step::kWait;
    const bool is_produce =
        load_be<int16_t>(buffer_.data() + begin_ + 4) == ProduceRequest::kApiKey;
    // Resumed when an answer has gone out.
    if (!may_handle(is_produce)) return Step::kWait;
    const size_t in_buffer = have - 4;
    if (in_buffer >= size_t(size)) {
        // Of others there is one at a time, no larger than its connection's buffer.
        if (is_produce && !has_room(size_t(size))) return Step::kWait;
        std::string frame(buffer_, begin_ + 4, size_t(size));
        begin_ += 4 + size_t(size);
        handle(std::move(frame));
        return Step::kAgain;
    }
    if (have < buffer_.size()) return read_some(), Step::kWait;
    frame_size_ = size_t(size);
    connection().expires_after(stall_limit());
    return Step::kAgain;
}

// A large frame gets memory of its own, into which the socket's bytes go directly.
void Connection::read_rest() {
    if (frame_have_ == frame_.size()) {
        const auto step = std::clamp(frame_have_, kFirstStepBytes, kLargestStepBytes);
        const auto size = std::min(frame_size_, frame_have_ + step);
        if (!has_room(size)) return;
        // Not what the function is told: libstdc++ 12 tells the capacity that it made of the size.
        frame_.resize_and_overwrite(size, [size](char*, size_t) { return size; });
        stalled_ = {};
        connection().expires_after(stall_limit());
    }
    if (frame_have_ == 0) {  // what stands in the buffer is less than the first step
        frame_have_ = end_ - begin_ - 4;
        std::copy_n(buffer_.data() + begin_ + 4, frame_have_, frame_.data());
        begin_ = end_ = 0;
    }
    reading_ = true;
    connection().stream().read_some(std::span(frame_).subspan(frame_have_),
                                    [self = shared_from_this()](auto error, size_t n) {
                                        self->reading_ = false;
                                        if (error) return self->close();
                                        self->frame_have_ += n;
                                        if (self->frame_have_ == self->frame_size_) {
                                            self->connection().heard();
                                            self->frame_size_ = self->frame_have_ = 0;
                                            self->handle(std::exchange(self->frame_, {}));
                                        }
                                        self->take_frames();
                                    });
}

void Connection::mute(Duration time) {
    ++muted_;
    broker_->timers.schedule(time, [self = shared_from_this()]() mutable {
        auto& loop = *self->connection().loop();
        loop.post([self = std::move(self)] {
            --self->muted_;
            self->take_frames();
        });
    });
}

bool Connection::has_room(size_t bytes) {
    if (!lease_) lease_ = broker_->requests->lease();
    const bool room = lease_->grow_to(bytes, [self = shared_from_this()]() mutable {
        auto& loop = *self->connection().loop();
        loop.post([self = std::move(self)] {
            self->waiting_ = false;
            self->take_frames();
        });
    });
    waiting_ = !room;
    return room;
}

// A broker handles one request of a connection at a time, the next once its answer is sent: who
// does not read holds one answer. Produce requests may run together: the log keeps their order, and
// they share its commits.
bool Connection::may_handle(bool is_produce) const {
    if (slots_.empty()) return is_produce || !writing_;
    return is_produce && slots_.back().is_produce && slots_.front().is_produce &&
           slots_.size() < kMaxSlots;
}

void Connection::handle(std::string frame) {
    if (closed()) return;
    const auto number = next_slot_++;
    const bool is_produce = peek_api_key(frame) == ProduceRequest::kApiKey;
    slots_.push_back({number, is_produce, std::move(lease_), std::nullopt});
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
    if (answer.frame && !answer.lease && answer.frame->size() > kSmallAnswerBytes) {
        answer.lease = broker_->answers->lease();
        answer.lease->force_to(answer.frame->size());
    }
    slots_[number - slots_.front().number].answer = std::move(answer);
    send_ready();
}

// Sends all answers that are ready at the front.
void Connection::send_ready() {
    if (writing_ || closed()) return;
    bool freed = false;
    bool last = false;
    while (!slots_.empty() && slots_.front().answer && !last) {
        auto& answer = *slots_.front().answer;
        last = answer.close;
        if (answer.mute.us > 0) mute(answer.mute);
        if (answer.frame) sending_.push_back(std::move(answer));
        slots_.pop_front();
        freed = true;
    }
    if (last) return close();
    if (sending_.empty()) return freed ? take_frames() : void();
    gather_parts();
    writing_ = true;
    write_next();
    take_frames();
}

void Connection::gather_parts() {
    parts_.clear();
    part_ = 0;
    for (const auto& answer : sending_) {
        const std::string_view bytes = answer.frame->bytes;
        size_t done = 0;
        for (const auto& [at, slice] : answer.frame->splices) {
            if (at > done) parts_.push_back(bytes.substr(done, at - done));
            parts_.push_back(slice.bytes);
            done = at;
        }
        if (bytes.size() > done) parts_.push_back(bytes.substr(done));
    }
}

void Connection::write_next() {
    chunk_.clear();
    for (size_t left = kWriteBytes; left > 0 && part_ < parts_.size();) {
        auto& part = parts_[part_];
        chunk_.push_back(part.substr(0, left));
        left -= chunk_.back().size();
        part.remove_prefix(chunk_.back().size());
        if (part.empty()) ++part_;
    }
    stalled_ = {};
    connection().expires_after(stall_limit());
    connection().stream().write(chunk_, [self = shared_from_this()](auto error, size_t) {
        if (error) return self->close();
        self->part_ < self->parts_.size() ? self->write_next() : self->sent();
    });
}

void Connection::sent() {
    writing_ = false;
    sending_.clear();
    connection().heard();
    send_ready();
    take_frames();
}

}  // namespace tarn::kafka
