#include "http_listener.h"

#include <fmt/format.h>
#include <boost/asio/thread_pool.hpp>

#include "api_json.h"
#include "connection.h"
#include "ledger.h"
#include "sampler.h"
#include "tarn/base/error_ids.h"
#include "tarn/net/listener.h"

namespace tarn::server {

namespace {

constexpr int kWorkers = 2;      // API calls at once: they read files and take locks
constexpr int kSlowWorkers = 3;  // beside them: statements that change tables, care of tables

}  // namespace

// HTTP over the platform: what its sessions share, and the threads beside the listener's.
class HttpProtocol final : public net::Protocol {
  public:
    HttpProtocol(ServerOptions o, ServerContext c)
        : options(std::move(o)),
          platform(std::move(c.platform)),
          sampler(options, platform),
          ledger(platform),
          events(options, {platform, readings}, sampler,
                 host::all_of(c.capabilities, &host::Capability::events)),
          api(host::all_of(c.capabilities, &host::Capability::routes), {platform, readings}),
          sql(options, platform),
          assets(embedded_files()),
          workers(kWorkers),
          slow(kSlowWorkers) {}

    std::string_view name() const override { return "HTTP"; }
    std::shared_ptr<net::Session> serve(std::shared_ptr<net::Connection> connection) override {
        return std::make_shared<Connection>(std::move(connection), *shared);
    }
    Error cannot_listen(const net::ListenFailure& failure,
                        const net::ListenerOptions& listening) const override;
    void ending() override {
        events.stop();
        sampler.history().save();
        sql.stop();
        platform.lake.interrupt();
        workers.join();
        slow.join();
    }
    // Before the first session.
    void listens_on(uint16_t port);

    const ServerOptions options;
    const Platform platform;
    std::atomic<bool> ready = false;
    Sampler sampler;
    LedgerReader ledger;
    const Readings readings = {
        .per_second = [this](const std::string& what) { return sampler.per_second(what); },
        .status = [this] { return sampler.status_json(ready); },
        .tables = [this] { return sampler.tables_json(); },
        .ledger = [this] { return ledger_json(ledger.read()); },
        .history = [this](std::string_view range,
                          std::span<const std::string> names) -> Result<std::string> {
            TARN_TRY(const auto window, sampler.history().read(range, names));
            return history_json(range, window);
        },
        .ready = [this] { return ready.load(); }};
    EventHub events;
    Api api;
    SqlService sql;
    Assets assets;
    boost::asio::thread_pool workers, slow;
    std::optional<OriginCheck> origin;
    std::optional<Shared> shared;
};

Error HttpProtocol::cannot_listen(const net::ListenFailure& failure,
                                  const net::ListenerOptions&) const {
    switch (failure.kind) {
        case net::ListenFailure::Kind::kNotNumeric:
            return Error(
                errors::kSettingValue,
                fmt::format(
                    "cannot listen on '{}': it is no IP address. Give one, such as 127.0.0.1",
                    options.address));
        case net::ListenFailure::Kind::kPortInUse:
            return Error(
                errors::kPortInUse,
                fmt::format("cannot serve HTTP on {}:{}: the port is in use. Stop the program "
                            "that uses it (ss -ltnp shows it), or choose another: tarn up "
                            "--http-port {}",
                            options.address, options.port,
                            options.port < 20'000 ? options.port + 10'000 : 18'080));
        case net::ListenFailure::Kind::kOther:
            break;
    }
    return Error(errors::kAddressUnusable,
                 fmt::format("cannot serve HTTP on {}:{}: {}. Choose another address or port: "
                             "tarn up --http-port 18080",
                             options.address, options.port, failure.reason));
}

void HttpProtocol::listens_on(uint16_t port) {
    origin.emplace(options.address, port, options.hosts);
    shared.emplace(Shared{
        .options = options,
        .origin = *origin,
        .assets = assets,
        .api = api,
        .events = events,
        .sql = sql,
        .workers = workers,
        .slow = slow,
        .requests =
            platform.metrics.counter("tarn_server_requests_total", "HTTP requests answered."),
        .refused = platform.metrics.counter(
            "tarn_server_refused_total", "HTTP requests refused for their form, host or origin.")});
}

struct HttpListener::Impl {
    std::shared_ptr<HttpProtocol> protocol;
    std::unique_ptr<net::Listener> listener;
};

HttpListener::HttpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpListener::~HttpListener() { stop(); }

Result<std::unique_ptr<HttpListener>> HttpListener::open(ServerOptions options,
                                                         ServerContext context) {
    net::ListenerOptions listening{
        .address = options.address == "localhost" ? "127.0.0.1" : options.address,
        .port = options.port,
        .max_connections = options.max_connections};
    auto impl = std::make_unique<Impl>();
    impl->protocol = std::make_shared<HttpProtocol>(std::move(options), std::move(context));
    TARN_TRY(impl->listener, net::Listener::open(impl->protocol, std::move(listening)));
    impl->protocol->listens_on(impl->listener->port());
    impl->listener->start();
    return std::unique_ptr<HttpListener>(new HttpListener(std::move(impl)));
}

uint16_t HttpListener::port() const { return impl_->listener->port(); }

void HttpListener::set_ready() { impl_->protocol->ready = true; }

void HttpListener::stop() { impl_->listener->stop(); }

}  // namespace tarn::server
