#pragma once

// The routes of openapi.yaml, without sockets: a request in, a response out. handle() runs on the
// server's worker threads; thread-safe. Queries and streams of events are found here too, but
// answered by the connection.

#include <atomic>
#include <optional>

#include "routes/route.h"

namespace tarn::server {

class Api {
  public:
    Api(const Platform& platform, Sampler& sampler, EventHub& events)
        : context_{platform, sampler, events, ready_} {}
    void set_ready() { ready_ = true; }

    // One of the two: who answers, once the principal may ask it, or why nobody does. Nothing at
    // all: the path is not the API's, but a file of the page.
    struct Found {
        RouteMatch match = {};
        std::optional<Response> refusal = {};
    };
    static Found find(const Request& request, const Target& target, const Principal& who,
                      const net::Authorizer* authorizer);
    // Of a route with a handler.
    Response handle(const Request& request, const Target& target, RouteMatch match,
                    const Principal& who) const;

  private:
    std::atomic<bool> ready_ = false;
    const RouteContext context_;
};

}  // namespace tarn::server
