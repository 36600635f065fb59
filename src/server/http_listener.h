#pragma once

// HTTP's protocol behind a listener of one thread, and its threads beside: two workers for API
// calls, one for each SQL slot, one for events. HttpServer is this over a real platform. Public
// methods are thread-safe.

#include <memory>

#include "tarn/server/server.h"

namespace tarn::server {

class HttpListener {
  public:
    // Errors: kFailedPrecondition (port in use), kInvalidArgument (address).
    static Result<std::unique_ptr<HttpListener>> open(ServerOptions options, ServerContext context);
    ~HttpListener();
    uint16_t port() const;
    void set_ready();
    void stop();

  private:
    struct Impl;
    explicit HttpListener(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::server
