#pragma once

// One client's connection: reads frames, hands them to the broker, and sends the answers in the
// order of the requests. Lives on one loop of the listener; only answers come from other threads.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "broker.h"
#include "tarn/base/mutex.h"
#include "tarn/net/connection.h"

namespace tarn::kafka {

// Bytes of requests being handled, all connections together: past the limit, reading waits. One
// request is always let in, however large. Thread-safe.
class InflightGate {
  public:
    explicit InflightGate(size_t limit) : limit_(limit) {}
    // True: taken. False: `resume` is called, from some thread, when it is worth asking again.
    bool take(size_t bytes, std::move_only_function<void()> resume);
    void give_back(size_t bytes);

  private:
    const size_t limit_;
    Mutex mutex_;
    size_t used_ TARN_GUARDED_BY(mutex_) = 0;
    std::deque<std::move_only_function<void()>> waiting_ TARN_GUARDED_BY(mutex_);
};

class Connection final : public net::Session, public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<net::Connection> connection, std::shared_ptr<Broker> broker,
               std::shared_ptr<InflightGate> gate);
    ~Connection() override;
    void start() override;
    void close() override;
    // Closes it if nothing is owed.
    void expired() override;

  private:
    // A request whose answer is still owed, or ready but behind another's.
    struct Slot {
        uint64_t number;
        bool is_produce;
        size_t bytes;
        MemoryReservation memory;
        std::optional<Answer> answer;
    };
    enum class Step { kAgain, kWait };

    void read_some();
    void on_read(size_t n);
    // Takes whole frames off the buffer as far as they may be handled now.
    void take_frames();
    Step take_frame();
    bool make_room(size_t size);
    void read_rest(size_t have);
    bool may_handle(bool is_produce) const;
    void handle(std::string frame, size_t reserved);
    void answered(uint64_t number, Answer answer);
    void send_ready();
    void refuse(std::string_view reason, int64_t size);
    bool closed() const { return connection().closed(); }

    std::shared_ptr<Broker> broker_;
    std::shared_ptr<InflightGate> gate_;
    std::shared_ptr<Peer> peer_;

    std::string buffer_;  // small frames are read here, several at once
    size_t begin_ = 0;    // what is read and not yet taken: [begin_, end_)
    size_t end_ = 0;
    size_t reserved_ = 0;  // bytes of the gate taken for the frame at the front
    MemoryReservation memory_;
    std::string frame_;  // a large frame on its way
    bool reading_ = false;
    bool waiting_ = false;  // for room
    bool writing_ = false;

    std::deque<Slot> slots_;
    uint64_t next_slot_ = 0;
    std::vector<Encoded> sending_;
    std::vector<std::string_view> parts_;  // of what is being sent
};

}  // namespace tarn::kafka
