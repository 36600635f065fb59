#pragma once

// An HTTP request, waited for. Thread-safe.

#include <map>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"

namespace tarn::io {

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
    std::string body;
    Duration connect_timeout = Duration::seconds(2);
    Duration timeout = Duration::seconds(60);
    size_t max_response_bytes = 256u << 20;
    bool direct = false;  // not through the proxy that the environment may name
};
struct HttpResponse {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> headers;  // names in lower case
};

// Any status is an answer. Errors: kUnavailable (no connection, time out), kResourceExhausted
// (response too large), kIo.
Result<HttpResponse> http_request(const HttpRequest& request);

}  // namespace tarn::io
