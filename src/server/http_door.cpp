#include <algorithm>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "connection.h"
#include "http_door.h"
#include "tarn/base/error_ids.h"

namespace tarn::server {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr int kWorkers = 2;  // API calls at once: they read files and take locks
}

struct HttpDoor::Impl {
    Impl(ServerOptions o, Platform c)
        : options(std::move(o)),
          context(std::move(c)),
          sampler(options, context),
          events(options, context, sampler),
          api(context, sampler, events),
          sql(options, context),
          assets(embedded_files()),
          workers(kWorkers) {}

    Status listen();
    void accept();
    void stop();

    const ServerOptions options;
    const Platform context;
    Sampler sampler;
    EventHub events;
    Api api;
    SqlDoor sql;
    Assets assets;
    asio::thread_pool workers;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};
    asio::steady_timer pause{io};
    std::optional<OriginCheck> origin;
    std::optional<Shared> shared;
    std::thread thread;
    bool stopped = false;
};

Status HttpDoor::Impl::listen() {
    boost::system::error_code error;
    const std::string text = options.address == "localhost" ? "127.0.0.1" : options.address;
    const auto address = asio::ip::make_address(text, error);
    if (error)
        return fail(
            errors::kSettingValue,
            fmt::format("cannot listen on '{}': it is no IP address. Give one, such as 127.0.0.1",
                        options.address));
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use)
        return fail(errors::kPortInUse,
                    fmt::format("cannot serve HTTP on {}:{}: the port is in use. Stop the program "
                                "that uses it (ss -ltnp "
                                "shows it), or choose another: tarn up --http-port {}",
                                options.address, options.port,
                                options.port < 20'000 ? options.port + 10'000 : 18'080));
    if (error)
        return fail(errors::kAddressUnusable,
                    fmt::format("cannot serve HTTP on {}:{}: {}. Choose another address or port: "
                                "tarn up --http-port 18080",
                                options.address, options.port, error.message()));
    const uint16_t port = acceptor.local_endpoint().port();
    origin.emplace(options.address, port);
    shared.emplace(Shared{
        .options = options,
        .origin = *origin,
        .assets = assets,
        .api = api,
        .events = events,
        .sql = sql,
        .workers = workers,
        .requests =
            context.metrics.counter("tarn_server_requests_total", "HTTP requests answered."),
        .refused = context.metrics.counter("tarn_server_refused_total",
                                           "HTTP requests refused for their form, host or origin."),
        .open = std::make_shared<std::atomic<size_t>>(0)});
    return {};
}

void HttpDoor::Impl::accept() {
    acceptor.async_accept(asio::make_strand(io),
                          [this](boost::system::error_code error, tcp::socket socket) {
                              if (error == asio::error::operation_aborted || !acceptor.is_open())
                                  return;
                              if (error) {
                                  // Out of file descriptors, most likely: wait for some to be
                                  // closed.
                                  pause.expires_after(std::chrono::milliseconds(100));
                                  pause.async_wait([this](boost::system::error_code e) {
                                      if (!e) accept();
                                  });
                                  return;
                              }
                              boost::system::error_code ignored;
                              socket.set_option(tcp::no_delay(true), ignored);
                              if (*shared->open < options.max_connections)
                                  std::make_shared<Connection>(std::move(socket), *shared)->start();
                              accept();
                          });
}

void HttpDoor::Impl::stop() {
    if (std::exchange(stopped, true)) return;
    asio::post(io, [this] {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
    });
    events.stop();
    sql.stop();
    workers.join();
    io.stop();
    if (thread.joinable()) thread.join();
}

HttpDoor::HttpDoor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpDoor::~HttpDoor() { stop(); }

Result<std::unique_ptr<HttpDoor>> HttpDoor::open(ServerOptions options, Platform platform) {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(platform));
    TARN_RETURN_IF_ERROR(impl->listen());
    boost::system::error_code ignored;
    const uint16_t port = impl->acceptor.local_endpoint(ignored).port();
    impl->accept();
    impl->thread = std::thread([i = impl.get()] { i->io.run(); });
    auto door = std::unique_ptr<HttpDoor>(new HttpDoor(std::move(impl)));
    door->port_ = port;
    return door;
}

void HttpDoor::set_ready() {
    impl_->api.set_ready();
    impl_->events.set_ready();
}

void HttpDoor::stop() { impl_->stop(); }

}  // namespace tarn::server
