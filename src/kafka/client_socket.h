#pragma once

// A TCP connection that sends and receives whole frames with time limits. POSIX sockets; not
// thread-safe.

#include <netinet/in.h>

#include <memory>
#include <optional>
#include <string>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "wire.h"

namespace tarn::kafka {

class ClientSocket {
  public:
    static Result<std::unique_ptr<ClientSocket>> connect(const std::string& host, uint16_t port,
                                                         Duration timeout);
    ~ClientSocket();
    Status send(const Encoded& frame, Duration timeout);
    // A frame without its length; nothing if none is whole within `wait`: what has come of it is
    // kept.
    Result<std::optional<std::string>> receive(Duration wait);

  private:
    ClientSocket(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
    // Whether the socket is ready for `events` before the deadline.
    Result<bool> wait_for(short events, int64_t deadline_us) const;
    Error broken(int error) const;

    int fd_;
    std::string name_;  // host:port, for messages
    std::string input_;
    size_t have_ = 0;  // bytes of input_ that have come
};

}  // namespace tarn::kafka
