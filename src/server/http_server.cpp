#include "tarn/server/server.h"

#include "http_listener.h"

namespace tarn::server {

struct HttpServer::Impl {
    std::unique_ptr<HttpListener> listener;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(ServerOptions options, ServerContext context) {
    TARN_TRY(auto listener, HttpListener::open(std::move(options), std::move(context)));
    auto impl = std::make_unique<Impl>();
    impl->listener = std::move(listener);
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->listener->port(); }
void HttpServer::set_ready() { impl_->listener->set_ready(); }
void HttpServer::stop() { impl_->listener->stop(); }

}  // namespace tarn::server
