#include "client_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

namespace tarn::errors {
extern const ErrorId kBrokerUnreachable;
}  // namespace tarn::errors

namespace tarn::kafka {
namespace {

constexpr size_t kMaxResponseBytes = 256 << 20;
constexpr size_t kMaxPieces = 64;

// For time limits alone: what the kernel is asked to wait for is real time.
int64_t monotonic_us() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t(t.tv_sec) * 1'000'000 + t.tv_nsec / 1'000;
}

std::vector<iovec> pieces_of(const Encoded& frame) {
    std::vector<iovec> pieces;
    const auto add = [&](const char* data, size_t size) {
        if (size > 0) pieces.push_back({const_cast<char*>(data), size});
    };
    size_t done = 0;
    for (const auto& [at, slice] : frame.splices) {
        add(frame.bytes.data() + done, at - done);
        add(slice.bytes.data(), slice.bytes.size());
        done = at;
    }
    add(frame.bytes.data() + done, frame.bytes.size() - done);
    return pieces;
}

}  // namespace

Result<std::unique_ptr<ClientSocket>> ClientSocket::connect(const std::string& host, uint16_t port,
                                                            Duration timeout) {
    const auto name = fmt::format("{}:{}", host, port);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("cannot find the host: {}: {}", gai_strerror(error), name));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
    const int64_t deadline = monotonic_us() + timeout.us;
    int last = ECONNREFUSED;
    for (const auto* a = addresses.get(); a; a = a->ai_next) {
        const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) return fail(errno_error(errno, "make a socket for", name));
        std::unique_ptr<ClientSocket> connection(new ClientSocket(fd, name));
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd, a->ai_addr, a->ai_addrlen) == 0) return connection;
        last = errno;
        if (last != EINPROGRESS) continue;
        TARN_TRY(const bool ready, connection->wait_for(POLLOUT, deadline));
        if (!ready)
            return fail(errors::kBrokerUnreachable,
                        fmt::format("no connection in time ({} ms): {}", timeout.ms(), name));
        socklen_t size = sizeof last;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &last, &size);
        if (last == 0) return connection;
    }
    return fail(errors::kBrokerUnreachable,
                fmt::format("cannot connect to a Kafka broker: {}: {}", strerror(last), name));
}

ClientSocket::~ClientSocket() { ::close(fd_); }

Error ClientSocket::broken(int error) const {
    return Error(errors::kBrokerUnreachable,
                 fmt::format("the connection to the Kafka broker broke: {}: {}",
                             error == 0 ? "closed by the broker" : strerror(error), name_));
}

Result<bool> ClientSocket::wait_for(short events, int64_t deadline_us) const {
    for (;;) {
        const auto left = std::max<int64_t>(deadline_us - monotonic_us(), 0);
        const timespec t{left / 1'000'000, (left % 1'000'000) * 1'000};
        pollfd p{fd_, events, 0};
        const int n = ppoll(&p, 1, &t, nullptr);
        if (n > 0) return true;
        if (n == 0) return false;
        if (errno != EINTR) return fail(broken(errno));
    }
}

Status ClientSocket::send(const Encoded& frame, Duration timeout) {
    auto pieces = pieces_of(frame);
    const int64_t deadline = monotonic_us() + timeout.us;
    for (size_t first = 0; first < pieces.size();) {
        msghdr message{};
        message.msg_iov = pieces.data() + first;
        message.msg_iovlen = std::min(pieces.size() - first, kMaxPieces);
        const auto sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return fail(broken(errno));
        if (sent < 0) {
            TARN_TRY(const bool ready, wait_for(POLLOUT, deadline));
            if (!ready)
                return fail(errors::kBrokerUnreachable,
                            fmt::format("the Kafka broker takes no more data: {}", name_));
            continue;
        }
        auto left = size_t(sent);
        while (left > 0) {
            auto& piece = pieces[first];
            const auto n = std::min(left, piece.iov_len);
            piece.iov_base = static_cast<char*>(piece.iov_base) + n;
            piece.iov_len -= n;
            left -= n;
            if (piece.iov_len == 0) ++first;
        }
    }
    return {};
}

Result<std::optional<std::string>> ClientSocket::receive(Duration wait) {
    const int64_t deadline = monotonic_us() + wait.us;
    for (;;) {
        size_t need = 4;
        if (have_ >= 4) {
            const int64_t size = load_be<int32_t>(input_.data());
            if (size < 4 || size > int64_t(kMaxResponseBytes))
                return fail(ErrorCode::kCorrupted,
                            fmt::format("a response of {} bytes is not of Kafka's protocol: {}",
                                        size, name_));
            need = 4 + size_t(size);
        }
        if (have_ == need && need > 4) {
            have_ = 0;
            auto frame = std::exchange(input_, {});
            frame.erase(0, 4);
            return frame;
        }
        if (input_.size() < need) input_.resize(need);
        const auto n = recv(fd_, input_.data() + have_, need - have_, 0);
        if (n > 0) {
            have_ += size_t(n);
        } else if (n == 0) {
            return fail(broken(0));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            TARN_TRY(const bool ready, wait_for(POLLIN, deadline));
            if (!ready) return std::nullopt;
        } else if (errno != EINTR) {
            return fail(broken(errno));
        }
    }
}

}  // namespace tarn::kafka
