#pragma once

// The HTTP API as rows: one for each method of each address. A module brings its rows as data
// (Capability::routes) and their contract as <noun>.openapi.yaml; dispatch, 404 and 405 follow from
// all rows together. Handlers run on worker threads of the server.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/host/message.h"
#include "tarn/host/platform.h"
#include "tarn/net/principal.h"

namespace tarn::host {

using net::Operation;
using net::Principal;

// What the server itself keeps: it reads the platform again and again. Thread-safe.
struct Readings {
    // Of "topic:clicks" its records, of "table:bronze.clicks" its rows, of "in:flow" and "out:flow"
    // what the flow read and wrote.
    std::function<std::optional<double>(const std::string& what)> per_second;
    std::function<std::string()> status, tables, ledger;  // Status, TableList and Ledger as JSON
    // History as JSON, of the series named, or of all. Errors: kInvalidArgument (range).
    std::function<Result<std::string>(std::string_view range, std::span<const std::string> names)>
        history;
    std::function<bool()> ready;
};

// What handlers reach. The referenced objects outlive the calls.
struct RouteContext {
    const Platform& platform;
    const Readings& readings;
};

struct Call {
    const Request& request;
    const Target& target;
    std::vector<std::string> parameters;  // those of the path, in its order
    const Principal& principal;           // who asks
};

// Who answers: a handler at once; one that may take long, in a thread of its own kind; or the
// connection, which a query and a stream of events need.
enum class Answer { kPlain, kSlow, kQuery, kEvents };

struct Route {
    std::string_view method;  // GET answers HEAD too
    std::string_view path;    // as in the contract: "/api/v1/topics/{name}"
    // Who may: those who may do this to a thing of the kind ("topic"; "platform" for the whole),
    // which the first parameter names.
    Operation operation;
    std::string_view resource;
    Result<Response> (*handle)(const RouteContext& context, const Call& call) = nullptr;
    Answer answer = Answer::kPlain;
    std::string_view example = {};  // a whole sentence for who uses another method
};

// The row for a request, or none, and what stands in the braces of its path.
struct RouteMatch {
    const Route* route = nullptr;
    std::vector<std::string> parameters = {};
};

// All rows. Of two addresses that fit a path, the one with a literal where the other first has
// braces is meant, whatever the method.
class RouteTable {
  public:
    explicit RouteTable(std::vector<Route> rows) : rows_(std::move(rows)) {}
    RouteMatch find(std::string_view method, const Target& target) const;
    // Why there is no such method at an address: 405; nothing if there is no such address.
    std::optional<Response> refusal(std::string_view method, const Target& target) const;
    std::span<const Route> rows() const { return rows_; }

  private:
    std::string_view address_of(const Target& target) const;
    std::vector<Route> rows_;
};

// "there is no topic named 'x'".
Error not_found(const ErrorId& id, std::string_view kind, std::string_view name);

}  // namespace tarn::host
