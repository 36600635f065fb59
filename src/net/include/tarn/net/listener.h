#pragma once

// A listener: a protocol behind a listening socket. The listener accepts, bounds connections and
// their silence, and ends them all; the protocol is one class that makes a session of each
// connection.
//
//     class Echo : public net::Protocol { … };
//     TARN_TRY(auto listener, net::Listener::open(std::make_shared<Echo>(), {.port = 7}));
//     listener->start();

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/net/connection.h"

namespace tarn::net {

// Whether only this machine reaches an address ("localhost" too).
bool is_loopback(const std::string& address);

struct ListenerOptions {
    std::string address = "127.0.0.1";  // numeric; 0.0.0.0 or :: for every interface
    uint16_t port = 0;                  // 0: any free one
    int threads = 1;                    // that serve connections; the first also accepts
    size_t max_connections = 1000;      // at once; more are closed as they come
    Duration idle_timeout = {};         // a connection that is silent so long ends; 0: none does
    Logger logger = {};                 // says what is refused
    Gauge* connections = nullptr;       // how many are open; may be none
};

// Why a listener cannot listen.
struct ListenFailure {
    enum class Kind { kNotNumeric, kPortInUse, kOther } kind;
    std::string reason;  // the system's words
};

// What a listener speaks. Shared by its listener and sessions.
class Protocol {
  public:
    virtual ~Protocol() = default;
    virtual std::string_view name() const = 0;  // "Kafka"
    // A session for a new connection, on its loop. None: it is closed.
    virtual std::shared_ptr<Session> serve(std::shared_ptr<Connection> connection) = 0;
    // What the error says. kSettingValue, kPortInUse or kAddressUnusable.
    virtual Error cannot_listen(const ListenFailure& failure, const ListenerOptions& options) const;
    // The listener stops: no more connections come, the loops run still.
    virtual void ending() {}
    // The loops have ended and every session is closed.
    virtual void ended() {}
};

class Listener {
  public:
    // Binds and listens; nothing is accepted yet. Errors: those of cannot_listen().
    static Result<std::unique_ptr<Listener>> open(std::shared_ptr<Protocol> protocol,
                                                  ListenerOptions options);
    // Stops.
    ~Listener();
    // Accepts from now on, on its threads.
    void start();
    // Ends every connection and joins the threads. Idempotent.
    void stop();

    uint16_t port() const;
    std::string address() const;  // "127.0.0.1:9092", "[::1]:9092"
    size_t connections() const;
    std::shared_ptr<Loop> first_loop() const;

  private:
    struct Impl;
    explicit Listener(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace tarn::net
