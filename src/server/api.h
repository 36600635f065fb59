#pragma once

// The routes of openapi.yaml, without sockets: a request in, a response out. Runs on the server's
// worker threads; thread-safe. `/api/v1/sql` and `/api/v1/events` are not here: they need the
// connection.

#include <atomic>

#include "events.h"
#include "message.h"
#include "platform.h"
#include "sampler.h"

namespace tarn::server {

class Api {
  public:
    Api(const ServerOptions& options, const Platform& context, Sampler& sampler, EventHub& events);
    void set_ready() { ready_ = true; }
    // Whether the path is one of the API's, the rest being files of the page.
    static bool owns(const Target& target);
    Response handle(const Request& request);

  private:
    using Segments = std::vector<std::string>;
    Result<Response> route(const Request& request, const Target& target);
    Result<Response> get(const Segments& path, const Target& target);
    Result<Response> topics(const Target& target);
    Result<Response> topic(const std::string& name);
    Result<Response> table(const std::string& name);
    Result<Response> history(const std::string& name, const Target& target);
    Result<Response> flow(const std::string& name);
    Result<Response> flow_why(const std::string& name);
    Result<Response> views();
    Result<Response> view(const std::string& name);
    Result<Response> view_rows(const std::string& name, const Target& target);
    Result<Response> runs(const Target& target);

    const ServerOptions& options_;
    const Platform& context_;
    Sampler& sampler_;
    EventHub& events_;
    std::atomic<bool> ready_ = false;
};

// A query parameter as a number within bounds, or the default. Errors: kInvalidArgument naming it.
Result<int64_t> number_parameter(const Target& target, std::string_view name, int64_t otherwise,
                                 int64_t min, int64_t max);
// RFC 3339 with Z or an offset, up to six digits of a second. Errors: kInvalidArgument.
Result<Timestamp> parse_instant(std::string_view text);

}  // namespace tarn::server
