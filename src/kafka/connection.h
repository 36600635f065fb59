#pragma once

// One client's connection: reads frames, hands them to the broker, and sends the answers in the
// order of the requests. Lives on one IO thread; only answers come from others. One of the three
// files that include Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <memory>
#include <string>

#include "broker.h"

namespace tarn::kafka {

// A thread with its event loop. Connections and queued work keep it alive; close() ends it.
class IoThread final : public Executor, public std::enable_shared_from_this<IoThread> {
  public:
    void post(std::move_only_function<void()> work) override;
    boost::asio::io_context& context() { return context_; }
    // Runs the loop until close().
    void run();
    // Stops the loop. What is posted from now on is dropped.
    void close();
    // After the loop's thread has ended: lets go of what is still queued.
    void drain();

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    Mutex mutex_;
    bool closed_ TARN_GUARDED_BY(mutex_) = false;
};

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

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<Broker> broker, std::shared_ptr<InflightGate> gate,
               std::shared_ptr<IoThread> io, boost::asio::ip::tcp::socket socket,
               std::move_only_function<void()> on_close);
    ~Connection();
    // On the IO thread, as all that follows.
    void start();
    void close();
    // From any thread: closes it if nothing has been received since `before_us` and nothing is
    // owed.
    void post_close_if_idle(int64_t before_us);

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

    std::shared_ptr<Broker> broker_;
    std::shared_ptr<InflightGate> gate_;
    std::shared_ptr<IoThread> io_;
    boost::asio::ip::tcp::socket socket_;
    std::move_only_function<void()> on_close_;
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
    bool closed_ = false;

    std::deque<Slot> slots_;
    uint64_t next_slot_ = 0;
    std::vector<Encoded> sending_;
    int64_t last_heard_us_ = 0;
};

}  // namespace tarn::kafka
