#pragma once

// The HTTP door: JSON API (openapi.yaml beside the sources is its contract), server-sent events, Prometheus metrics,
// and the page, whose files are embedded in the program. Listens on 127.0.0.1 unless told otherwise and checks Host and
// Origin, so that no foreign page can reach it through a browser.
//
// Owned by `cli`; public methods are thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/flow/runtime.h"
#include "tarn/host/error_catalog.h"
#include "tarn/lake/lake.h"
#include "tarn/log/log.h"
#include "tarn/net/principal.h"
#include "tarn/sql/engine.h"
#include "tarn/view/view.h"

namespace tarn::server {

// What producers say of themselves, together (the demo's generators keep it on disk); the server adds what it stored.
struct ProducerLedger {
    int64_t sent = 0;  // events handed to the socket at least once
    int64_t acknowledged = 0;
    std::map<std::string, int64_t> acknowledged_by_topic;
    int64_t late_sent = 0, broken_sent = 0, twice_sent = 0;
    Timestamp time;        // of the oldest of their words
    bool running = false;  // one of them at least
};

// Where a demo's supervisor keeps the server: what it says of itself as JSON (server, faults, history; nothing if none
// runs), and a way to ask it for something. Either may be empty.
struct DemoControl {
    std::function<std::optional<std::string>()> state;
    std::function<Status(const std::string& action)> command;
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    uint16_t port = 8080;  // 0: any free one
    std::string version;
    std::string project_name;
    std::string kafka_address;  // of the Kafka door, host:port, for people to copy
    uint64_t start_number = 1;
    int sql_slots = 2;  // queries at once; more wait up to sql_queue_timeout, then 429
    Duration sql_timeout = Duration::seconds(30);
    int64_t sql_max_rows = 10'000;
    size_t max_connections = 512;
    size_t max_body_bytes = 1 << 20;
};

// The referenced objects outlive the server.
struct ServerContext {
    Clock& clock;
    Metrics& metrics;
    Logger logger;
    log::Log& log;
    lake::Lake& lake;
    view::ViewStore& views;
    flow::Runtime& flows;
    sql::Engine& sql;  // restricted, for strangers
    const host::ErrorCatalog& errors;
    std::function<std::optional<ProducerLedger>()> ledger;  // may be empty
    DemoControl demo = {};
    const net::Authorizer* authorizer = nullptr;  // null: everybody may do everything
};

class HttpServer {
  public:
    // Errors: kFailedPrecondition (port in use, saying by whom where known, and what to do), kInvalidArgument.
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
