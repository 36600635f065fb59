#pragma once

// The HTTP API as a table: a row for each method of each address of openapi.yaml. Dispatch, 404 and
// 405 follow from it. A noun is one file beside this one with its rows, and one line in routes.cpp.
// Handlers run on worker threads.

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events.h"
#include "message.h"
#include "platform.h"
#include "sampler.h"
#include "tarn/net/principal.h"

namespace tarn::server {

using net::Operation;
using net::Principal;

// What handlers reach. The referenced objects outlive the calls.
struct RouteContext {
    const Platform& platform;
    Sampler& sampler;
    EventHub& events;
    const std::atomic<bool>& ready;
};

struct Call {
    const Request& request;
    const Target& target;
    std::vector<std::string> parameters;  // those of the path, in its order
    const Principal& principal;           // who asks
};

// Who answers: a handler at once, or the connection, which a query and a stream of events need.
enum class Answer { kPlain, kQuery, kEvents };

struct Route {
    std::string_view method;  // GET answers HEAD too
    std::string_view path;    // as in openapi.yaml: "/api/v1/topics/{name}"
    // Who may: those who may do this to a thing of the kind ("topic"; "platform" for the whole),
    // which the first parameter names.
    Operation operation;
    std::string_view resource;
    Result<Response> (*handle)(const RouteContext& context, const Call& call) = nullptr;
    Answer answer = Answer::kPlain;
};

// Every row, noun by noun.
std::vector<std::span<const Route>> all_routes();

// The row for a request, or none, and what stands in the braces of its path.
struct RouteMatch {
    const Route* route = nullptr;
    std::vector<std::string> parameters = {};
};
RouteMatch find_route(std::string_view method, const Target& target);
// The methods of an address as the header Allow names them; empty if no row has it.
std::string allowed_methods(const Target& target);

// "there is no topic named 'x'", with the id of its kind.
Error not_found(std::string_view kind, std::string_view name);

std::span<const Route> health_routes();
std::span<const Route> platform_routes();
std::span<const Route> topic_routes();
std::span<const Route> table_routes();
std::span<const Route> flow_routes();
std::span<const Route> run_routes();
std::span<const Route> view_routes();
std::span<const Route> sql_routes();
std::span<const Route> error_routes();
std::span<const Route> trace_routes();
std::span<const Route> demo_routes();

}  // namespace tarn::server
