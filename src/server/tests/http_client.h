#pragma once

// A client that says exactly the bytes a test wants, over 127.0.0.1, never waiting longer than a
// few seconds.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tarn::server::testing {

class Client {
  public:
    explicit Client(uint16_t port) : port_(port) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { close(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    bool connected() const { return connected_; }
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            bytes.remove_prefix(size_t(n));
        }
    }
    // Until the server closes, or `until` stands in what came.
    std::string read(std::string_view until = {}) {
        char buffer[4096];
        while (until.empty() || received_.find(until) == std::string::npos) {
            const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
            if (n <= 0) break;
            received_.append(buffer, size_t(n));
        }
        return received_;
    }
    void forget() { received_.clear(); }
    // One request on a connection of its own, closed by the server.
    std::string ask(std::string_view method, std::string_view target,
                    std::string_view more_headers = {}, std::string_view body = {}) {
        send(
            fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: "
                        "close\r\nContent-Length: {}\r\n{}\r\n{}",
                        method, target, port_, body.size(), more_headers, body));
        return read();
    }

  private:
    uint16_t port_;
    int fd_ = -1;
    bool connected_ = false;
    std::string received_;
};

inline std::string get(uint16_t port, std::string_view target, std::string_view more_headers = {}) {
    return Client(port).ask("GET", target, more_headers);
}
inline std::string body_of(const std::string& response) {
    const size_t end = response.find("\r\n\r\n");
    return end == response.npos ? "" : response.substr(end + 4);
}

}  // namespace tarn::server::testing
