#include "tarn/base/result.h"

#include <cerrno>
#include <system_error>

#include "tarn/base/error_ids.h"

namespace tarn::errors {
extern const ErrorId kNotAllowed;
extern const ErrorId kTooManyFiles;
extern const ErrorId kDiskBroken;
}  // namespace tarn::errors

namespace tarn {

namespace {

const ErrorId& id_of_errno(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return errors::kNotFound;
        case EEXIST:
            return errors::kAlreadyExists;
        case ENOTEMPTY:
        case EISDIR:
        case EBUSY:
            return errors::kFailedPrecondition;
        case EADDRINUSE:
            return errors::kPortInUse;
        case ENOSPC:
        case EDQUOT:
            return errors::kDiskFull;
        case EMFILE:
        case ENFILE:
            return errors::kTooManyFiles;
        case ENOMEM:
            return errors::kMemoryExhausted;
        case EACCES:
        case EPERM:
            return errors::kNotAllowed;
        case EROFS:
            return errors::kReadOnlyDisk;
        case EIO:
            return errors::kDiskBroken;
        case EAGAIN:
        case EINTR:
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return errors::kUnavailable;
        case ENAMETOOLONG:
        case ELOOP:
            return errors::kInvalidArgument;
        case EOPNOTSUPP:
        case ENOSYS:
            return errors::kUnsupported;
        default:
            return errors::kIo;
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
