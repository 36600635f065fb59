#include "tarn/server/server.h"

#include "http_door.h"

namespace tarn::server {

struct HttpServer::Impl {
    std::unique_ptr<HttpDoor> door;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(ServerOptions options, ServerContext context) {
    TARN_TRY(auto door, HttpDoor::open(std::move(options), std::move(context)));
    auto impl = std::make_unique<Impl>();
    impl->door = std::move(door);
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->door->port(); }
void HttpServer::set_ready() { impl_->door->set_ready(); }
void HttpServer::stop() { impl_->door->stop(); }

}  // namespace tarn::server
