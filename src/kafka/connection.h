#pragma once

// One client's connection: reads frames, hands them to the broker, and sends the answers in the
// order of the requests. Lives on one loop of the listener; only answers come from other threads.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "broker.h"
#include "memory_gate.h"
#include "tarn/net/connection.h"

namespace tarn::kafka {

class Connection final : public net::Session, public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<net::Connection> connection, std::shared_ptr<Broker> broker);
    ~Connection() override;
    void start() override;
    void close() override;
    // Closes it, unless we owe it something or it has stalled for a while only.
    void expired() override;

  private:
    // A request whose answer is still owed, or ready but behind another's.
    struct Slot {
        uint64_t number;
        bool is_produce;
        std::unique_ptr<Lease> lease;
        std::optional<Answer> answer;
    };
    enum class Step { kAgain, kWait };

    void read_some();
    void on_read(size_t n);
    // Takes whole frames off the buffer as far as they may be handled now.
    void take_frames();
    Step take_frame();
    // Whether the front frame may have so much memory; if not, it goes on once it may.
    bool has_room(size_t bytes);
    void read_rest();
    // Reads nothing more for so long.
    void mute(Duration time);
    bool may_handle(bool is_produce) const;
    void handle(std::string frame);
    void answered(uint64_t number, Answer answer);
    void send_ready();
    void gather_parts();
    void write_next();
    void sent();
    Duration stall_limit() const;
    void refuse(std::string_view reason, int64_t size);
    bool closed() const { return connection().closed(); }

    std::shared_ptr<Broker> broker_;
    std::shared_ptr<Peer> peer_;

    std::string buffer_;  // small frames are read here, several at once
    size_t begin_ = 0;    // what is read and not yet taken: [begin_, end_)
    size_t end_ = 0;
    std::unique_ptr<Lease> lease_;  // of the frame at the front
    std::string frame_;             // a large frame on its way: what has come, and room for more
    size_t frame_have_ = 0;
    size_t frame_size_ = 0;  // all of it; 0: there is none
    bool reading_ = false;
    bool waiting_ = false;  // for room
    int muted_ = 0;         // pauses that are not over
    bool writing_ = false;
    Duration stalled_{};  // for how long nothing has come, or been read, of what has begun

    std::deque<Slot> slots_;
    uint64_t next_slot_ = 0;
    std::vector<Answer> sending_;
    std::vector<std::string_view> parts_;  // of what is being sent
    size_t part_ = 0;                      // the first that is not sent, or not wholly
    std::vector<std::string_view> chunk_;  // on its way
};

}  // namespace tarn::kafka
