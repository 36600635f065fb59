#pragma once

// One client's connection, and how a protocol serves it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tarn/base/time.h"
#include "tarn/net/loop.h"
#include "tarn/net/principal.h"
#include "tarn/net/stream.h"

namespace tarn::net {

class Session;

// Where a connection goes from and to: numeric addresses.
struct Ends {
    std::string host;        // the client's
    std::string local_host;  // at which it reached us
    uint16_t local_port = 0;
};

// A stream with its loop, its time limit and who is at the other end. Held by its session; unless
// said otherwise, used on its loop alone.
class Connection final : public std::enable_shared_from_this<Connection> {
  public:
    // `idle`: how long a client may be silent; 0: as long as it likes. `closed` is called once.
    Connection(std::unique_ptr<Stream> stream, std::shared_ptr<Loop> loop, Ends ends, Duration idle,
               std::move_only_function<void()> closed);
    ~Connection();

    Stream& stream() { return *stream_; }
    const std::shared_ptr<Loop>& loop() const { return loop_; }  // from any thread
    const Ends& ends() const { return ends_; }                   // from any thread

    // As of now; a call keeps the one it was made under.
    std::shared_ptr<const Principal> principal() const { return principal_; }
    void set_principal(Principal who);

    // The client has been heard: the time it may be silent begins anew.
    void heard();
    // A limit of its own for what comes now, in place of that; its end calls Session::expired().
    // A later limit costs nothing but a look at the clock.
    void expires_after(Duration limit);
    void never_expires() { deadline_us_ = kNever; }

    void close();
    bool closed() const { return closed_; }

    // By the listener, before the session starts.
    void set_session(std::weak_ptr<Session> session) { session_ = std::move(session); }

  private:
    static constexpr int64_t kNever = INT64_MAX;
    void due();
    void arm(int64_t now_us);

    const std::shared_ptr<Loop> loop_;  // outlives the next
    std::unique_ptr<Stream> stream_;
    const Ends ends_;
    const Duration idle_;
    std::move_only_function<void()> on_close_;
    std::shared_ptr<const Principal> principal_;
    std::weak_ptr<Session> session_;
    std::unique_ptr<Timer> timer_;
    int64_t deadline_us_ = kNever;  // monotonic
    int64_t armed_us_ = kNever;     // when the timer fires; it may be before the deadline
    bool closed_ = false;
};

// A protocol's side of a connection. Kept alive by what is on its way (Stream's callbacks hold it),
// so one that waits for nothing is gone. Called on its loop.
class Session {
  public:
    explicit Session(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    virtual ~Session() = default;
    virtual void start() = 0;
    // Ends it, and its connection; also called by a listener that stops, after its loops have
    // ended. Idempotent.
    virtual void close() { connection_->close(); }
    // The time is over: of the silence, or of expires_after(). May set another limit.
    virtual void expired() { close(); }

  protected:
    Connection& connection() const { return *connection_; }

  private:
    const std::shared_ptr<Connection> connection_;
};

}  // namespace tarn::net
