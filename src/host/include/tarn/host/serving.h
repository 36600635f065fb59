#pragma once

// How commands find the process that serves a data folder: it leaves its addresses in
// `<data>/SERVING`, and holds the folder's lock. A stale file (after kill -9) is told by a lock
// that is free.

#include <string>

#include <nlohmann/json.hpp>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/host/common.h"
#include "tarn/host/error_catalog.h"
#include "tarn/io/file_system.h"
#include "tarn/io/http_client.h"

namespace tarn::host {

struct Serving {
    int64_t pid = 0;
    std::string kafka, http;   // "127.0.0.1:9092"
    std::string project = {};  // its folder, absolute; empty: it serves none, or does not say

    nlohmann::ordered_json json() const;
    // What json() wrote. Errors: kInvalidArgument (no JSON object).
    static Result<Serving> parse(std::string_view text);
};

Status write_serving(io::FileSystem& fs, const std::string& data, const Serving& serving);
// Errors: kNotFound if no process serves the folder, with the command that starts one.
Result<Serving> find_serving(io::FileSystem& fs, const std::string& data);

// Whether a Tarn runs under this process id: not one that is gone, dead and unburied, or another
// program's.
bool tarn_runs(int64_t pid);

struct Address {
    std::string host;
    uint16_t port = 0;
};
// "host:port". Errors: kInvalidArgument.
Result<Address> parse_address(std::string_view text);

// A name as one segment of an address, escaped (RFC 3986, 2.1). Errors: kInvalidArgument (an empty
// one), kNotFound (".." names nothing: no server takes an address with it).
Result<std::string> path_segment(std::string_view name);

// The JSON API of a serving process. An answer other than 2xx becomes the error that it names.
class Api {
  public:
    // The catalog outlives it.
    Api(Serving serving, const ErrorCatalog& errors)
        : serving_(std::move(serving)), errors_(&errors) {}
    const Serving& serving() const { return serving_; }
    Result<nlohmann::json> get(const std::string& path) const;
    Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body) const;
    // The answer's text as it came. `timeout`: for the whole answer, negative for that of
    // http_client.h.
    Result<std::string> post_text(const std::string& path, const nlohmann::json& body,
                                  Duration timeout = Duration::micros(-1)) const;

  private:
    Result<std::string> ask(io::HttpRequest request) const;
    Serving serving_;
    const ErrorCatalog* errors_;
};

// Of the process that serves the command's data folder. Errors: those of find_serving().
Result<Api> find_api(io::FileSystem& fs, const Common& common);

}  // namespace tarn::host
