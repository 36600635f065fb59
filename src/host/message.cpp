#include "tarn/host/message.h"

#include "tarn/host/json_writer.h"

namespace tarn::host {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<std::string> percent_decode(std::string_view s, bool plus_is_space) {
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
        char c = s[i];
        if (c == '+' && plus_is_space) c = ' ';
        if (c == '%') {
            const int high = i + 2 < s.size() ? hex_digit(s[i + 1]) : -1;
            const int low = i + 2 < s.size() ? hex_digit(s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(ErrorCode::kInvalidArgument, "the address has a broken %-escape");
            c = char(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return fail(ErrorCode::kInvalidArgument, "the address holds a NUL byte");
        out += c;
    }
    return out;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
    if (target.empty() || target[0] != '/')
        return fail(ErrorCode::kInvalidArgument, "the address must begin with a slash");
    Target out;
    target = target.substr(0, target.find('#'));
    const size_t mark = target.find('?');
    std::string_view path = target.substr(0, mark);
    std::string_view query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
    while (!path.empty()) {
        path.remove_prefix(1);
        const size_t slash = path.find('/');
        TARN_TRY(auto segment, percent_decode(path.substr(0, slash), false));
        if (segment == "..")
            return fail(ErrorCode::kInvalidArgument, "the address climbs with '..'");
        if (!segment.empty()) out.path.push_back(std::move(segment));
        path = slash == path.npos ? std::string_view() : path.substr(slash);
    }
    while (!query.empty()) {
        const size_t amp = query.find('&');
        const auto pair = query.substr(0, amp);
        const size_t equal = pair.find('=');
        TARN_TRY(auto key, percent_decode(pair.substr(0, equal), true));
        const auto rest = equal == pair.npos ? std::string_view() : pair.substr(equal + 1);
        TARN_TRY(auto value, percent_decode(rest, true));
        if (!key.empty()) out.query[std::move(key)] = std::move(value);
        query = amp == query.npos ? std::string_view() : query.substr(amp + 1);
    }
    return out;
}

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return 400;
        case ErrorCode::kNotFound:
            return 404;
        case ErrorCode::kAlreadyExists:
            return 409;
        case ErrorCode::kFailedPrecondition:
            return 409;
        case ErrorCode::kConflict:
            return 409;
        case ErrorCode::kResourceExhausted:
            return 429;
        case ErrorCode::kUnavailable:
            return 503;
        case ErrorCode::kCancelled:
            return 499;  // as nginx: browsers repeat a 408 by themselves
        case ErrorCode::kUnsupported:
            return 501;
        case ErrorCode::kCorrupted:
            return 500;
        case ErrorCode::kIo:
            return 500;
        case ErrorCode::kInternal:
            return 500;
        case ErrorCode::kPermissionDenied:
            return 403;
    }
    return 500;
}

Response json_response(std::string body, int status) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

Response error_response(int status, const ErrorId& id, std::string_view message,
                        std::string_view todo) {
    JsonWriter json;
    json.begin_object().key("error").begin_object();
    json.field("id", to_string(id)).field("code", to_string(id.code));
    json.field("message", message).field("todo", todo);
    json.end_object().end_object();
    auto response = json_response(json.take(), status);
    if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
}

Response error_response(int status, ErrorCode code, std::string_view message,
                        std::string_view todo) {
    return error_response(status, generic_id(code), message, todo);
}

Response error_response(const Error& error, std::string_view todo) {
    return error_response(http_status(error.code()), error.id(), error.message(),
                          todo.empty() ? error.id().todo : todo);
}

Response json_required() {
    return error_response(415, ErrorCode::kInvalidArgument, "the body must be application/json",
                          "Set Content-Type: application/json.");
}

Response method_refused(std::string_view method, std::string_view allow, std::string_view example) {
    const bool get = allow.starts_with("GET"), post = allow.ends_with("POST");
    auto response = error_response(405, ErrorCode::kInvalidArgument,
                                   get ? fmt::format("{} is not possible here", method)
                                       : fmt::format("this address takes {} only", allow),
                                   !example.empty() ? std::string(example)
                                   : get && post    ? fmt::format("Send one of: {}.", allow)
                                   : get            ? "Send a GET."
                                                    : fmt::format("Send a {}.", allow));
    response.headers.emplace_back("Allow", allow);
    return response;
}

}  // namespace tarn::host
