#pragma once

// A Stream that is a TCP socket.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "tarn/net/stream.h"

namespace tarn::net {

class TcpStream final : public Stream {
  public:
    explicit TcpStream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
    void read_some(std::span<char> into, Done done) override;
    void write(std::span<const std::string_view> parts, Done done) override;
    void watch(std::move_only_function<void()> gone) override;
    void stop_watching() override;
    void end_writing() override;
    void close() override;

  private:
    boost::asio::ip::tcp::socket socket_;
    std::vector<boost::asio::const_buffer> parts_;  // of the write on its way
    uint64_t watch_ = 0;                            // the number of the watch that counts
    bool watching_ = false;
};

}  // namespace tarn::net
