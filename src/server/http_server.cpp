#include "tarn/server/server.h"

#include "http_door.h"

namespace tarn::server {
namespace {

Platform platform_of(ServerContext& c) {
    flow::Runtime& runtime = c.flows;
    Flows flows{.list = [&runtime] { return runtime.list(); },
                .describe = [&runtime](std::string_view name) { return runtime.describe(name); },
                .pause = [&runtime](std::string_view name) { return runtime.pause(name); },
                .resume = [&runtime](std::string_view name) { return runtime.resume(name); },
                .runs = [&runtime](size_t limit) { return runtime.runs(limit); }};
    return {c.clock,           c.metrics,        c.logger, c.log,    c.lake,
            c.views,           std::move(flows), c.sql,    c.errors, std::move(c.ledger),
            std::move(c.demo), c.authorizer};
}

}  // namespace

struct HttpServer::Impl {
    std::unique_ptr<HttpDoor> door;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(ServerOptions options, ServerContext context) {
    TARN_TRY(auto door, HttpDoor::open(std::move(options), platform_of(context)));
    auto impl = std::make_unique<Impl>();
    impl->door = std::move(door);
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->door->port(); }
void HttpServer::set_ready() { impl_->door->set_ready(); }
void HttpServer::stop() { impl_->door->stop(); }

}  // namespace tarn::server
