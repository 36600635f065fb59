#include "tarn/base/result.h"

#include <cerrno>
#include <system_error>

namespace tarn {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid_argument";
        case ErrorCode::kNotFound:
            return "not_found";
        case ErrorCode::kAlreadyExists:
            return "already_exists";
        case ErrorCode::kFailedPrecondition:
            return "failed_precondition";
        case ErrorCode::kConflict:
            return "conflict";
        case ErrorCode::kResourceExhausted:
            return "resource_exhausted";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kCorrupted:
            return "corrupted";
        case ErrorCode::kIo:
            return "io";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

namespace {

ErrorCode code_of_errno(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return ErrorCode::kNotFound;
        case EEXIST:
            return ErrorCode::kAlreadyExists;
        case ENOTEMPTY:
        case EISDIR:
        case EBUSY:
        case EADDRINUSE:
            return ErrorCode::kFailedPrecondition;
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return ErrorCode::kResourceExhausted;
        case EAGAIN:
        case EINTR:
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return ErrorCode::kUnavailable;
        case EOPNOTSUPP:
        case ENOSYS:
            return ErrorCode::kUnsupported;
        default:
            return ErrorCode::kIo;
    }
}

}  // namespace

Error errno_error(int number, std::string_view what, std::string_view path) {
    std::string message("cannot ");
    message.append(what).append(" ").append(path).append(": ");
    message.append(std::generic_category().message(number));
    return Error(code_of_errno(number), std::move(message));
}

}  // namespace tarn
