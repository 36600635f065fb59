#pragma once

// All routes, without sockets: a request in, a response out. handle() runs on the server's worker
// threads; thread-safe. Queries and streams of events are found here too, but answered by the
// connection.

#include <optional>

#include "host_names.h"

namespace tarn::server {

class Api {
  public:
    Api(std::vector<Route> routes, const RouteContext& context)
        : routes_(std::move(routes)), context_(context) {}

    // One of the two: who answers, once the principal may ask it, or why nobody does. Nothing at
    // all: the path is not the API's, but a file of the page.
    struct Found {
        RouteMatch match = {};
        std::optional<Response> refusal = {};
    };
    Found find(const Request& request, const Target& target, const Principal& who) const;
    // Of a route with a handler.
    Response handle(const Request& request, const Target& target, RouteMatch match,
                    const Principal& who) const;

  private:
    const RouteTable routes_;
    const RouteContext context_;
};

}  // namespace tarn::server
