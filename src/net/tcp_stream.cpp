#include "tcp_stream.h"

#include <sys/socket.h>

#include <boost/asio/write.hpp>
#include <cerrno>

namespace tarn::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

void TcpStream::read_some(std::span<char> into, Done done) {
    socket_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [done = std::move(done)](Code error, size_t bytes) mutable { done(error, bytes); });
}

void TcpStream::write(std::span<const std::string_view> parts, Done done) {
    parts_.clear();
    for (const auto part : parts)
        parts_.emplace_back(part.data(), part.size());
    asio::async_write(
        socket_, std::span<const asio::const_buffer>(parts_),
        [done = std::move(done)](Code error, size_t bytes) mutable { done(error, bytes); });
}

void TcpStream::watch(std::move_only_function<void()> gone) {
    watching_ = true;
    socket_.async_wait(tcp::socket::wait_read, [this, number = ++watch_,
                                                gone = std::move(gone)](Code error) mutable {
        if (error || !watching_ || number != watch_) return;
        watching_ = false;
        char byte;
        const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) gone();
    });
}

void TcpStream::stop_watching() {
    if (!std::exchange(watching_, false)) return;
    Code ignored;
    socket_.cancel(ignored);
}

void TcpStream::end_writing() {
    Code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void TcpStream::close() {
    Code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace tarn::net
