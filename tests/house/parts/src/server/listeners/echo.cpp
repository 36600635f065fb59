// Lines, sent back.

#include <array>
#include <cstdlib>

#include "tarn/server/server.h"

namespace tarn::server {
namespace {

class EchoSession final : public net::Session, public std::enable_shared_from_this<EchoSession> {
  public:
    using net::Session::Session;
    void start() override {
        connection().stream().read_some(buffer_, [self = shared_from_this()](auto error, size_t n) {
            if (error) return self->close();
            const std::array<std::string_view, 1> parts{std::string_view(self->buffer_.data(), n)};
            self->connection().stream().write(
                parts, [self](auto failed, size_t) { failed ? self->close() : self->start(); });
        });
    }

  private:
    std::array<char, 256> buffer_{};
};

class Echo final : public net::Protocol {
  public:
    std::string_view name() const override { return "echo"; }
    std::shared_ptr<net::Session> serve(std::shared_ptr<net::Connection> connection) override {
        return std::make_shared<EchoSession>(std::move(connection));
    }
};

}  // namespace

host::ListenerRow echo_listener() {
    return {"echo", [](const host::ListenerContext&) -> Result<std::unique_ptr<net::Listener>> {
                const char* port = std::getenv("MADE_UP_PORT");
                if (!port) return nullptr;
                return net::Listener::open(std::make_shared<Echo>(),
                                           {.port = uint16_t(std::atoi(port))});
            }};
}

}  // namespace tarn::server
