#pragma once

// The routes of openapi.yaml, without sockets: a request in, a response out. Runs on the server's worker threads;
// thread-safe. Queries and streams of events are found here too, but answered by the connection.

#include <atomic>
#include <optional>

#include "routes/route.h"

namespace tarn::server {

class Api {
  public:
    Api(const ServerOptions& options, const Platform& platform, Sampler& sampler, EventHub& events);
    void set_ready() { ready_ = true; }
    // Whether the path is one of the API's, the rest being files of the page.
    static bool owns(const Target& target);

    struct Found {
        const Route* route = nullptr;
        std::vector<std::string> parameters = {};
        std::optional<Response> refusal = {};  // 405; then there is no route
    };
    // Who answers a request, once the principal may ask it. Errors: kNotFound, those of authorize().
    Result<Found> find(const Request& request, const Target& target) const;
    // Of routes with a handler.
    Response handle(const Request& request);

  private:
    std::atomic<bool> ready_ = false;
    const RouteContext context_;
};

}  // namespace tarn::server
