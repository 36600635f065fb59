#pragma once

// A request and its answer, apart from the library that moves their bytes.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarn/base/result.h"

namespace tarn::host {

struct Request {
    std::string method;  // upper case
    std::string target;  // as sent: "/a%20b?c=d"
    std::string host, origin, fetch_site, content_type, if_none_match, accept, accept_encoding;
    std::string body;
};

// A target taken apart and percent-decoded.
struct Target {
    std::vector<std::string> path;  // segments between slashes, empty ones dropped
    std::map<std::string, std::string, std::less<>> query;
};
// Errors: kInvalidArgument (bad escapes, NUL, "..", no leading slash).
Result<Target> parse_target(std::string_view target);

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string_view static_body;  // of an embedded file; used when body is empty
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view bytes() const { return body.empty() ? static_body : std::string_view(body); }
};

Response json_response(std::string body, int status = 200);
// Total: every ErrorCode has its status.
int http_status(ErrorCode code);
// `todo` empty: that of the error's id.
Response error_response(const Error& error, std::string_view todo = {});
// For statuses that no ErrorCode has (405, 408, 413, 421, 431 …).
Response error_response(int status, const ErrorId& id, std::string_view message,
                        std::string_view todo);
Response error_response(int status, ErrorCode code, std::string_view message,
                        std::string_view todo);
// 415, for what takes JSON alone: a form of a foreign page cannot send that without asking first.
Response json_required();
// 405. `allow`: the address's methods, as the header of that name has them. `example`: what to send
// instead, a whole sentence; empty: the methods alone.
Response method_refused(std::string_view method, std::string_view allow,
                        std::string_view example = {});

}  // namespace tarn::host
