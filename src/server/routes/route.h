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

namespace tarn::server {

// Who asks. Nobody has a name until people can log in.
struct Principal {
    std::string name = "anonymous";
};

// What a call does to what it names, for authorize().
enum class Operation { kDescribe, kRead, kWrite, kAlter };

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
    Principal principal;
};

// Who answers: a handler at once, or the connection, which a query and a stream of events need.
enum class Answer { kPlain, kQuery, kEvents };

struct Route {
    std::string_view method;  // GET answers HEAD too
    std::string_view path;    // as in openapi.yaml: "/api/v1/topics/{name}"
    Operation operation;
    std::string_view resource;  // kind of what is named: "topic"; "platform" for the whole
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

// Whether the principal may do this. Errors: kFailedPrecondition, saying what is not allowed (none
// yet: everybody may).
Status authorize(const Principal& principal, Operation operation, std::string_view resource,
                 std::span<const std::string> parameters);

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
