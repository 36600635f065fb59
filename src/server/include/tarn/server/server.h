#pragma once

// The HTTP listener: JSON API (its contract: tools/openapi.py), server-sent events, Prometheus
// metrics, and the page, whose files are embedded in the program. Listens on 127.0.0.1 unless told
// otherwise and checks Host and Origin, so that no foreign page can reach it through a browser.
//
// Owned by `cli`; public methods are thread-safe.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/host/capability.h"
#include "tarn/host/platform.h"

namespace tarn::server {

struct ServerOptions {
    std::string address = "127.0.0.1";
    uint16_t port = 8080;  // 0: any free one
    // Names by which the listener may be asked beside its address, as parse_hosts() gives them.
    std::vector<std::string> hosts = {};
    std::string version;
    std::string project_name;
    std::string kafka_address;  // of the Kafka listener, host:port, for people to copy
    uint64_t start_number = 1;
    int sql_slots = 2;  // queries at once; more wait up to sql_queue_timeout, then 429
    Duration sql_timeout = Duration::seconds(30);
    int64_t sql_max_rows = 10'000;
    size_t max_connections = 512;
    size_t max_body_bytes = 1 << 20;
};

struct ServerContext {
    host::Platform platform;
    std::span<const host::Capability>
        capabilities;  // whose routes and events it has; outlives the server
};

// The server's own.
std::span<const host::Route> routes();
std::span<const host::EventSource> events();
std::span<const host::ListenerRow> listeners();

// The API's contract, of all modules together: what /api/v1/openapi.yaml answers.
std::string_view openapi_document();

class HttpServer {
  public:
    // Errors: kFailedPrecondition (port in use, saying by whom where known, and what to do),
    // kInvalidArgument.
    static Result<std::unique_ptr<HttpServer>> open(ServerOptions options, ServerContext context);
    ~HttpServer();
    uint16_t port() const;
    // From now on /readyz answers 200.
    void set_ready();
    void stop();

  private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::server
