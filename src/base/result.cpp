#include "tarn/base/result.h"

#include <cerrno>
#include <system_error>

namespace tarn {

namespace {

ErrorId id_of_errno(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return ErrorId::kNotFound;
        case EEXIST:
            return ErrorId::kAlreadyExists;
        case ENOTEMPTY:
        case EISDIR:
        case EBUSY:
            return ErrorId::kFailedPrecondition;
        case EADDRINUSE:
            return ErrorId::kPortInUse;
        case ENOSPC:
        case EDQUOT:
            return ErrorId::kDiskFull;
        case EMFILE:
        case ENFILE:
            return ErrorId::kTooManyFiles;
        case ENOMEM:
            return ErrorId::kMemoryExhausted;
        case EACCES:
        case EPERM:
            return ErrorId::kNotAllowed;
        case EROFS:
            return ErrorId::kReadOnlyDisk;
        case EIO:
            return ErrorId::kDiskBroken;
        case EAGAIN:
        case EINTR:
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return ErrorId::kUnavailable;
        case EOPNOTSUPP:
        case ENOSYS:
            return ErrorId::kUnsupported;
        default:
            return ErrorId::kIo;
    }
}

}  // namespace

Error errno_error(int number, std::string_view what, std::string_view path) {
    std::string message("cannot ");
    message.append(what).append(" ").append(path).append(": ");
    message.append(std::generic_category().message(number));
    return Error(id_of_errno(number), std::move(message));
}

}  // namespace tarn
