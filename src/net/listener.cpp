#include "tarn/net/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "asio_loop.h"
#include "tarn/base/error_ids.h"
#include "tarn/base/mutex.h"
#include "tcp_stream.h"

namespace tarn::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Code = boost::system::error_code;

namespace {

// After an accept that failed: out of file descriptors, most likely, until some are closed.
constexpr Duration kAcceptAgain = Duration::millis(100);

Ends ends_of(const tcp::socket& socket) {
    Code ignored;
    const auto local = socket.local_endpoint(ignored);
    return {socket.remote_endpoint(ignored).address().to_string(), local.address().to_string(),
            local.port()};
}

}  // namespace

// Loops with the connections dealt out among them, which never leave theirs; the first also
// accepts.
struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
    Impl(std::shared_ptr<Protocol> p, ListenerOptions o)
        : protocol(std::move(p)), options(std::move(o)) {}

    Status listen();
    void start();
    void stop();
    void end_sessions();
    void accept();
    void accepted(const std::shared_ptr<AsioLoop>& loop, tcp::socket socket);
    std::optional<uint64_t> admit();
    void one_closed(uint64_t number);

    const std::shared_ptr<Protocol> protocol;
    const ListenerOptions options;
    std::vector<std::shared_ptr<AsioLoop>> loops;
    std::vector<std::thread> threads;
    std::unique_ptr<tcp::acceptor> acceptor;  // on the first loop, as the next two
    std::unique_ptr<Timer> again;
    size_t next_loop = 0;
    std::string address;
    uint16_t port = 0;
    bool stopped = false;

    mutable Mutex mutex;
    std::map<uint64_t, std::weak_ptr<Session>> sessions TARN_GUARDED_BY(mutex);
    size_t open TARN_GUARDED_BY(mutex) = 0;
    uint64_t next_number TARN_GUARDED_BY(mutex) = 0;
    bool ended TARN_GUARDED_BY(mutex) = false;
};

bool is_loopback(const std::string& address) {
    Code error;
    const auto ip = asio::ip::make_address(address, error);
    return address == "localhost" || (!error && ip.is_loopback());
}

Status Listener::Impl::listen() {
    using Kind = ListenFailure::Kind;
    Code error;
    const auto ip = asio::ip::make_address(options.address, error);
    if (error) return fail(protocol->cannot_listen({Kind::kNotNumeric, error.message()}, options));
    for (int i = 0; i < std::max(options.threads, 1); ++i)
        loops.push_back(std::make_shared<AsioLoop>());
    acceptor = std::make_unique<tcp::acceptor>(loops[0]->context());
    const tcp::endpoint endpoint(ip, options.port);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        const bool used = error == boost::system::errc::address_in_use;
        return fail(protocol->cannot_listen(
            {used ? Kind::kPortInUse : Kind::kOther, error.message()}, options));
    }
    port = acceptor->local_endpoint(error).port();
    address = ip.is_v6() ? fmt::format("[{}]:{}", options.address, port)
                         : fmt::format("{}:{}", options.address, port);
    again = loops[0]->timer([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->accept();
    });
    return {};
}

void Listener::Impl::start() {
    accept();
    for (const auto& each : loops)
        threads.emplace_back([each] { each->run(); });
}

void Listener::Impl::accept() {
    if (!acceptor || !acceptor->is_open()) return;
    const auto loop = loops[next_loop++ % loops.size()];
    acceptor->async_accept(loop->context(), [weak = weak_from_this(), loop](Code error,
                                                                            tcp::socket socket) {
        const auto self = weak.lock();
        if (!self || error == asio::error::operation_aborted) return;
        if (error) {
            self->options.logger.warn("cannot accept a connection", {{"reason", error.message()}});
            return self->again->arm(kAcceptAgain);
        }
        // Handed to its own loop, which it never leaves.
        loop->post([weak, loop, socket = std::move(socket)]() mutable {
            if (const auto impl = weak.lock()) impl->accepted(loop, std::move(socket));
        });
        self->accept();
    });
}

// The number of one more, if there is room; it counts from now on.
std::optional<uint64_t> Listener::Impl::admit() {
    MutexLock lock(mutex);
    if (ended) return std::nullopt;
    if (open >= options.max_connections) {
        options.logger.warn("refused a connection: there are too many",
                            {{"limit", options.max_connections}});
        return std::nullopt;
    }
    ++open;
    if (options.connections) options.connections->set(double(open));
    return next_number++;
}

void Listener::Impl::accepted(const std::shared_ptr<AsioLoop>& loop, tcp::socket socket) {
    const auto number = admit();
    if (!number) return;
    Code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto ends = ends_of(socket);
    const auto connection = std::make_shared<Connection>(
        std::make_unique<TcpStream>(std::move(socket)), loop, std::move(ends), options.idle_timeout,
        [weak = weak_from_this(), number = *number] {
            if (const auto impl = weak.lock()) impl->one_closed(number);
        });
    const auto session = protocol->serve(connection);
    if (!session || connection->closed()) return;
    connection->set_session(session);
    {
        MutexLock lock(mutex);
        sessions[*number] = session;
    }
    connection->heard();
    session->start();
}

void Listener::Impl::one_closed(uint64_t number) {
    MutexLock lock(mutex);
    sessions.erase(number);
    --open;
    if (options.connections) options.connections->set(double(open));
}

void Listener::Impl::end_sessions() {
    std::vector<std::shared_ptr<Session>> left;
    {
        MutexLock lock(mutex);
        ended = true;
        for (const auto& [number, weak] : sessions)
            if (auto session = weak.lock()) left.push_back(std::move(session));
    }
    for (const auto& session : left)
        session->close();
}

void Listener::Impl::stop() {
    if (std::exchange(stopped, true)) return;
    loops[0]->post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || !self->acceptor) return;
        Code ignored;
        self->acceptor->close(ignored);
        self->again->cancel();
    });
    protocol->ending();
    for (const auto& each : loops)
        each->close();
    for (auto& thread : threads)
        thread.join();
    end_sessions();
    protocol->ended();
    again.reset();
    acceptor.reset();
    for (const auto& each : loops)
        each->drain();
}

Result<std::unique_ptr<Listener>> Listener::open(std::shared_ptr<Protocol> protocol,
                                                 ListenerOptions options) {
    const std::string name(protocol->name());
    try {
        auto impl = std::make_shared<Impl>(std::move(protocol), std::move(options));
        TARN_RETURN_IF_ERROR(impl->listen());
        return std::unique_ptr<Listener>(new Listener(std::move(impl)));
    } catch (const std::exception& e) {
        return fail(ErrorCode::kIo,
                    fmt::format("the {} listener cannot be opened: {}", name, e.what()));
    }
}

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() { stop(); }
void Listener::start() { impl_->start(); }
void Listener::stop() { impl_->stop(); }
uint16_t Listener::port() const { return impl_->port; }
std::string Listener::address() const { return impl_->address; }
std::shared_ptr<Loop> Listener::first_loop() const { return impl_->loops[0]; }

size_t Listener::connections() const {
    MutexLock lock(impl_->mutex);
    return impl_->open;
}

Error Protocol::cannot_listen(const ListenFailure& failure, const ListenerOptions& options) const {
    const auto where = fmt::format("{}:{}", options.address, options.port);
    switch (failure.kind) {
        case ListenFailure::Kind::kNotNumeric:
            return Error(errors::kSettingValue,
                         fmt::format("the {} listener's address must be a numeric IP address: {}",
                                     name(), options.address));
        case ListenFailure::Kind::kPortInUse:
            return Error(errors::kPortInUse,
                         fmt::format("the {} listener cannot listen, the port is in use: stop the "
                                     "other process or choose another port: {}",
                                     name(), where));
        case ListenFailure::Kind::kOther:
            break;
    }
    return Error(errors::kAddressUnusable, fmt::format("the {} listener cannot listen on {}: {}",
                                                       name(), where, failure.reason));
}

}  // namespace tarn::net
