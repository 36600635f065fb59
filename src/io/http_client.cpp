#include "tarn/io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <mutex>

namespace tarn::io {
namespace {

struct Transfer {
    HttpResponse response;
    size_t limit = 0;
    bool too_large = false;
};

size_t on_body(char* data, size_t size, size_t count, void* to) {
    auto& transfer = *static_cast<Transfer*>(to);
    if (transfer.response.body.size() + size * count > transfer.limit) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(data, size * count);
    return size * count;
}

size_t on_header(char* data, size_t size, size_t count, void* to) {
    std::string_view line(data, size * count);
    auto colon = line.find(':');
    if (colon != std::string_view::npos) {
        std::string name(line.substr(0, colon));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        auto value = line.substr(colon + 1);
        while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())))
            value.remove_prefix(1);
        while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())))
            value.remove_suffix(1);
        static_cast<Transfer*>(to)->response.headers[name] = value;
    }
    return size * count;
}

}  // namespace

Result<HttpResponse> http_request(const HttpRequest& request) {
    // libcurl's own global state, needed once before the first handle.
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
    if (!curl) return fail(ErrorCode::kIo, "libcurl gives no handle");
    Transfer transfer;
    transfer.limit = request.max_response_bytes;
    curl_slist* list = nullptr;
    for (auto& header : request.headers)
        list = curl_slist_append(list, header.c_str());
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, &curl_slist_free_all);

    auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_PATH_AS_IS, 1L);  // a segment "." is a name
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_CONNECTTIMEOUT_MS, long(request.connect_timeout.ms()));
    set(CURLOPT_TIMEOUT_MS, std::max(1L, long(request.timeout.ms())));  // 0 is no limit
    if (request.direct) set(CURLOPT_PROXY, "");
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    if (!request.body.empty()) {
        set(CURLOPT_POSTFIELDS, request.body.data());
        set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.size()));
    }
    auto code = curl_easy_perform(curl.get());
    if (transfer.too_large)
        return fail(ErrorCode::kResourceExhausted,
                    "the response is larger than allowed: " + request.url);
    if (code != CURLE_OK)
        return fail(ErrorCode::kUnavailable,
                    "no answer from " + request.url + ": " + curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = int(status);
    return std::move(transfer.response);
}

}  // namespace tarn::io
