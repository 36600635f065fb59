#include "assets.h"
#include "tarn/server/error_ids.h"

#include <fmt/format.h>

namespace tarn::server {
namespace {

std::string_view content_type(std::string_view path) {
    struct Type {
        std::string_view ending, type;
    };
    static constexpr Type kTypes[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".woff2", "font/woff2"},
        {".woff", "font/woff"},
        {".png", "image/png"},
        {".json", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
    };
    for (const auto& t : kTypes)
        if (path.ends_with(t.ending)) return t.type;
    return "application/octet-stream";
}

// FNV-1a, 64 bits.
uint64_t hash(std::string_view bytes) {
    uint64_t h = 14695981039346656037ull;
    for (char c : bytes)
        h = (h ^ uint8_t(c)) * 1099511628211ull;
    return h;
}

}  // namespace

Assets::Assets(std::span<const EmbeddedFile> files) {
    for (const auto& file : files)
        files_[std::string(file.path)] = {&file, fmt::format("\"{:016x}\"", hash(file.bytes))};
}

Response Assets::serve(const Request& request, const Target& target) const {
    if (request.method != "GET" && request.method != "HEAD")
        return method_refused(request.method, "GET, HEAD");
    std::string path;
    for (const auto& segment : target.path)
        path += (path.empty() ? "" : "/") + segment;
    if (path.empty() || path.find('.') == path.npos) path = "index.html";
    auto it = files_.find(path);
    if (it == files_.end())
        return error_response(
            Error(errors::kNoAddress, fmt::format("there is no file at /{}", path.substr(0, 200))),
            "The page is at /, the API at /api/v1/openapi.yaml.");
    const auto& [file, etag] = it->second;
    Response response;
    response.content_type = content_type(path);
    response.headers.emplace_back("ETag", etag);
    response.headers.emplace_back("Vary", "Accept-Encoding");
    // Names below assets/ carry a hash of their content.
    response.headers.emplace_back("Cache-Control", path.starts_with("assets/")
                                                       ? "public, max-age=31536000, immutable"
                                                       : "no-cache");
    if (request.if_none_match.find(etag) != std::string::npos) {
        response.status = 304;
        return response;
    }
    const bool gzip =
        !file->gzip.empty() && request.accept_encoding.find("gzip") != std::string::npos;
    if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    response.static_body = gzip ? file->gzip : file->bytes;
    return response;
}

}  // namespace tarn::server
