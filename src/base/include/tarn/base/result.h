#pragma once

// Result and Error: how every fallible function of Tarn answers.
//
// A function that can fail returns Result<T> (Result<void> = Status). Nothing throws across a public header; an
// adapter of a library that throws catches there and returns an Error. The code says what the caller can do, the id
// is what a person looks up, the message says what happened, to what, why and what to do (static text first, values
// last).

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "tarn/base/errors.h"

namespace tarn {

class [[nodiscard]] Error {
  public:
    // Under the id that every error of the code has, or under a precise one, whose code it gets.
    Error(ErrorCode code, std::string message) : Error(generic_id(code), std::move(message)) {}
    Error(const ErrorId& id, std::string message) : id_(&id), message_(std::move(message)) {}

    ErrorCode code() const { return id_->code; }
    const ErrorId& id() const { return *id_; }
    const std::string& message() const { return message_; }

    // The same call may succeed later without a change by the caller.
    bool retryable() const {
        return code() == ErrorCode::kUnavailable || code() == ErrorCode::kResourceExhausted;
    }

    // The same error with where it happened in front: "where: message".
    Error with_context(std::string_view where) && {
        message_.insert(0, ": ").insert(0, where);
        return std::move(*this);
    }
    Error with_context(std::string_view where) const& { return Error(*this).with_context(where); }

    // The same error, named more precisely; its code is that of the id.
    Error with_id(const ErrorId& id) && {
        id_ = &id;
        return std::move(*this);
    }
    Error with_id(const ErrorId& id) const& { return Error(*this).with_id(id); }

  private:
    const ErrorId* id_;  // never null
    std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected<Error>(Error(code, std::move(message)));
}
inline std::unexpected<Error> fail(const ErrorId& id, std::string message) {
    return std::unexpected<Error>(Error(id, std::move(message)));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

// EACCES and ENOENT and their kin as an Error that names the path: "cannot open FILE: No such file or directory".
Error errno_error(int number, std::string_view what, std::string_view path);

}  // namespace tarn

#define TARN_CONCAT_INNER(a, b) a##b
#define TARN_CONCAT(a, b) TARN_CONCAT_INNER(a, b)

// TARN_TRY(auto x, f()); assigns the value of f() to x, or returns its error from this function.
#define TARN_TRY(declaration, expression) \
    TARN_TRY_INNER(TARN_CONCAT(tarn_try_, __LINE__), declaration, expression)
#define TARN_TRY_INNER(name, declaration, expression) \
    auto name = (expression);                         \
    if (!name) [[unlikely]]                           \
        return ::tarn::fail(std::move(name).error()); \
    declaration = std::move(*name)

// TARN_RETURN_IF_ERROR(f()); returns the error of f() from this function; a value is dropped.
#define TARN_RETURN_IF_ERROR(expression)                                \
    do {                                                                \
        if (auto tarn_status = (expression); !tarn_status) [[unlikely]] \
            return ::tarn::fail(std::move(tarn_status).error());        \
    } while (false)
