#pragma once

// Result and Error: how every fallible function of Tarn answers.
//
// A function that can fail returns Result<T> (Result<void> = Status). Nothing throws across a public header; an
// adapter of a library that throws catches there and returns an Error. The code says what the caller can do, the
// message says what happened, to what, why and what to do (static text first, values last).

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tarn {

// What the caller can do about it. Edges (Kafka code, HTTP status, exit code) map each of these once, totally.
enum class ErrorCode {
    kInvalidArgument,     // you asked wrongly: change the request
    kNotFound,            // it is not there
    kAlreadyExists,       // it is there already
    kFailedPrecondition,  // not in this state: do something else first
    kConflict,            // someone else was first or fenced us: reload, then decide
    kResourceExhausted,   // memory, disk or a limit: free some, then retry
    kUnavailable,         // passing: retry with back-off
    kCancelled,           // stopped on request, or a simulated crash
    kUnsupported,         // this version cannot; the message names the feature
    kCorrupted,           // stored or received bytes are not what they must be
    kIo,                  // the operating system refused
    kInternal,            // a defect of Tarn
};

// The code's name as it stands in logs and JSON, e.g. "not_found".
std::string_view to_string(ErrorCode code);

class [[nodiscard]] Error {
  public:
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

    ErrorCode code() const { return code_; }
    const std::string& message() const { return message_; }

    // The same call may succeed later without a change by the caller.
    bool retryable() const {
        return code_ == ErrorCode::kUnavailable || code_ == ErrorCode::kResourceExhausted;
    }

    // The same error with where it happened in front: "where: message".
    Error with_context(std::string_view where) && {
        message_.insert(0, ": ").insert(0, where);
        return std::move(*this);
    }
    Error with_context(std::string_view where) const& { return Error(*this).with_context(where); }

  private:
    ErrorCode code_;
    std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected<Error>(Error(code, std::move(message)));
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
