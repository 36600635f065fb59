#include "tarn/kafka/server.h"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "connection.h"
#include "tarn/base/error_ids.h"

namespace tarn::kafka {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// IO threads with the connections dealt out among them; the first also accepts and keeps the
// timers.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(ServerOptions options, ServerContext context)
        : broker(std::make_shared<Broker>(std::move(options), std::move(context))),
          gate(std::make_shared<InflightGate>(broker->options.max_inflight_bytes)),
          connection_gauge(
              broker->context.metrics.gauge("tarn_kafka_connections", "Connections open now.")) {}

    Status listen();
    void start();
    void stop();
    void accept();
    void accepted(const std::shared_ptr<IoThread>& target, tcp::socket socket);
    void one_closed();
    void arm_timer();
    void sweep_idle();

    std::shared_ptr<Broker> broker;
    std::shared_ptr<InflightGate> gate;
    Gauge& connection_gauge;
    std::vector<std::shared_ptr<IoThread>> io;  // the first also accepts and keeps the timers
    std::vector<std::thread> threads;
    std::unique_ptr<tcp::acceptor> acceptor;
    std::unique_ptr<asio::steady_timer> timer;
    std::string address;
    uint16_t port = 0;
    size_t next_io = 0;

    Mutex mutex;
    std::vector<std::weak_ptr<Connection>> connections TARN_GUARDED_BY(mutex);
    size_t open_connections TARN_GUARDED_BY(mutex) = 0;
    bool stopped = false;
};

namespace {

Error listen_error(const boost::system::error_code& error, const ServerOptions& options) {
    const auto where = fmt::format("{}:{}", options.address, options.port);
    if (error == boost::system::errc::address_in_use)
        return Error(errors::kPortInUse,
                     fmt::format("the Kafka door cannot listen, the port is in use: stop the other "
                                 "process or choose another port: {}",
                                 where));
    return Error(errors::kAddressUnusable,
                 fmt::format("the Kafka door cannot listen on {}: {}", where, error.message()));
}

}  // namespace

Status Server::Impl::listen() {
    const auto& options = broker->options;
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(options.address, error);
    if (error)
        return fail(errors::kSettingValue,
                    fmt::format("the Kafka door's address must be a numeric IP address: {}",
                                options.address));
    for (int i = 0; i < std::max(options.io_threads, 1); ++i)
        io.push_back(std::make_shared<IoThread>());
    acceptor = std::make_unique<tcp::acceptor>(io[0]->context());
    const tcp::endpoint endpoint(ip, options.port);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(listen_error(error, options));
    port = broker->port = acceptor->local_endpoint(error).port();
    address = ip.is_v6() ? fmt::format("[{}]:{}", options.address, port)
                         : fmt::format("{}:{}", options.address, port);
    return {};
}

void Server::Impl::start() {
    timer = std::make_unique<asio::steady_timer>(io[0]->context());
    broker->timers.set_waker([weak = weak_from_this(), first = io[0]] {
        first->post([weak] {
            if (const auto self = weak.lock()) self->arm_timer();
        });
    });
    accept();
    sweep_idle();
    for (const auto& each : io)
        threads.emplace_back([each] { each->run(); });
}

void Server::Impl::stop() {
    if (std::exchange(stopped, true)) return;
    // Each connection is closed on its own thread; then the loops end.
    std::vector<std::shared_ptr<Connection>> open;
    {
        MutexLock lock(mutex);
        for (const auto& weak : connections)
            if (auto connection = weak.lock()) open.push_back(std::move(connection));
    }
    for (const auto& each : io)
        each->close();
    for (auto& thread : threads)
        thread.join();
    if (acceptor) {
        boost::system::error_code ignored;
        acceptor->close(ignored);
    }
    for (const auto& connection : open)
        connection->close();
    open.clear();
    broker->stop();
    timer.reset();
    acceptor.reset();
    for (const auto& each : io)
        each->drain();
}

void Server::Impl::accept() {
    const auto target = io[next_io++ % io.size()];
    acceptor->async_accept(target->context(),
                           [weak = weak_from_this(), target](auto error, tcp::socket socket) {
                               const auto self = weak.lock();
                               if (!self || error == asio::error::operation_aborted) return;
                               if (!error) {
                                   // Handed to its own thread, which it never leaves.
                                   auto handed = std::make_shared<tcp::socket>(std::move(socket));
                                   target->post([weak, target, handed] {
                                       if (const auto impl = weak.lock())
                                           impl->accepted(target, std::move(*handed));
                                   });
                                   return self->accept();
                               }
                               // Out of file descriptors, most likely: try again soon rather than
                               // spin.
                               self->broker->context.logger.warn("cannot accept a connection",
                                                                 {{"reason", error.message()}});
                               self->broker->timers.schedule(Duration::millis(100), [weak] {
                                   if (const auto impl = weak.lock()) impl->accept();
                               });
                           });
}

void Server::Impl::accepted(const std::shared_ptr<IoThread>& target, tcp::socket socket) {
    const auto limit = broker->options.max_connections;
    std::shared_ptr<Connection> connection;
    {
        MutexLock lock(mutex);
        if (open_connections >= limit) {
            broker->context.logger.warn("refused a connection: there are too many",
                                        {{"limit", limit}});
            return;
        }
        connection_gauge.set(double(++open_connections));
        connection = std::make_shared<Connection>(broker, gate, target, std::move(socket),
                                                  [weak = weak_from_this()] {
                                                      if (const auto impl = weak.lock())
                                                          impl->one_closed();
                                                  });
        connections.push_back(connection);
    }
    connection->start();
}

void Server::Impl::one_closed() {
    MutexLock lock(mutex);
    connection_gauge.set(double(--open_connections));
}

// On the first IO thread: runs what is due and sleeps until the next deadline.
void Server::Impl::arm_timer() {
    const auto next = broker->timers.run_due();
    if (!next) return;
    timer->expires_after(std::chrono::microseconds(next->us));
    timer->async_wait([self = weak_from_this()](auto error) {
        if (error) return;
        if (const auto impl = self.lock()) impl->arm_timer();
    });
}

void Server::Impl::sweep_idle() {
    const auto before = broker->context.clock.monotonic_us() - broker->options.idle_timeout.us;
    std::vector<std::shared_ptr<Connection>> open;
    {
        MutexLock lock(mutex);
        std::erase_if(connections, [](const auto& weak) { return weak.expired(); });
        for (const auto& weak : connections)
            if (auto connection = weak.lock()) open.push_back(std::move(connection));
    }
    for (auto& connection : open)
        connection->post_close_if_idle(before);
    const auto every = Duration{std::max<int64_t>(broker->options.idle_timeout.us / 4, 10'000)};
    broker->timers.schedule(every, [self = weak_from_this()] {
        if (const auto impl = self.lock()) impl->sweep_idle();
    });
}

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, ServerContext context) {
    try {
        auto impl = std::make_shared<Impl>(std::move(options), std::move(context));
        TARN_RETURN_IF_ERROR(impl->listen());
        TARN_RETURN_IF_ERROR(impl->broker->start());
        impl->start();
        return std::unique_ptr<Server>(new Server(std::move(impl)));
    } catch (const std::exception& e) {
        return fail(ErrorCode::kIo, fmt::format("the Kafka door cannot be opened: {}", e.what()));
    }
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }
void Server::stop() { impl_->stop(); }
uint16_t Server::port() const { return impl_->port; }
std::string Server::address() const { return impl_->address; }

namespace {

constexpr std::array kSettings = {
    SettingDeclaration{"kafka.address", SettingType::kText, "127.0.0.1",
                       "Numeric address the Kafka door listens on.", "0.0.0.0"},
    SettingDeclaration{"kafka.port", SettingType::kInt, "9092",
                       "Port of the Kafka door; 0 takes any free one.", "19092", 0, 65535},
    SettingDeclaration{"kafka.advertised_host", SettingType::kText, "",
                       "Host name that Kafka clients are told to connect to; empty: the address at "
                       "which each of them reached the server.",
                       "tarn.example.com"},
    SettingDeclaration{"kafka.auto_create_topics", SettingType::kBool, "true",
                       "Whether asking for an unknown topic creates it, when the client allows it.",
                       "false"},
    SettingDeclaration{"kafka.default_partitions", SettingType::kInt, "1",
                       "Partitions of topics that are created without a number.", "6", 1, 100'000},
    SettingDeclaration{"kafka.io_threads", SettingType::kInt, "2",
                       "Threads that serve Kafka connections.", "4", 1, 64},
    SettingDeclaration{"kafka.max_frame_bytes", SettingType::kBytes, "100MB",
                       "Largest request; a larger one closes its connection.", "32MB", 1024,
                       INT32_MAX},
    SettingDeclaration{"kafka.max_connections", SettingType::kInt, "10000",
                       "Connections open at once; more are refused.", "500", 1, 1'000'000},
    SettingDeclaration{"kafka.max_inflight_bytes", SettingType::kBytes, "48MB",
                       "Bytes of requests being handled, past which reading pauses.", "16MB",
                       1 << 20, int64_t(1) << 40},
    SettingDeclaration{"kafka.idle_timeout", SettingType::kDuration, "10m",
                       "A connection that is silent for so long is closed.", "5m", 1'000'000},
    SettingDeclaration{"kafka.group_initial_delay", SettingType::kDuration, "500ms",
                       "How long a new consumer group waits for its first members.", "3s", 0},
};

}  // namespace

std::span<const SettingDeclaration> setting_declarations() { return kSettings; }

ServerOptions options_from(const Settings& settings) {
    ServerOptions options;
    options.address = settings.text("kafka.address");
    options.port = uint16_t(settings.integer("kafka.port"));
    options.advertised_host = settings.text("kafka.advertised_host");
    options.auto_create_topics = settings.boolean("kafka.auto_create_topics");
    options.default_partitions = int32_t(settings.integer("kafka.default_partitions"));
    options.io_threads = int(settings.integer("kafka.io_threads"));
    options.max_frame_bytes = size_t(settings.bytes("kafka.max_frame_bytes"));
    options.max_connections = size_t(settings.integer("kafka.max_connections"));
    options.max_inflight_bytes = size_t(settings.bytes("kafka.max_inflight_bytes"));
    options.idle_timeout = settings.duration("kafka.idle_timeout");
    options.group_initial_delay = settings.duration("kafka.group_initial_delay");
    return options;
}

}  // namespace tarn::kafka
