#pragma once

// What can go wrong, as data: codes, which programs act on, and ids, which people look up.
// `docs/errors`, GET /api/v1/errors/{id} and `tarn explain` are made from the lists of the modules.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tarn {

// What the caller can do about it. Edges (Kafka code, HTTP status, exit code) map each of these once, totally.
enum class ErrorCode : uint8_t {
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
    kPermissionDenied,    // you may not: ask as someone who may, or whoever decides it
};
inline constexpr int kErrorCodeCount = int(ErrorCode::kPermissionDenied) + 1;

// The code's name as it stands in logs and JSON, e.g. "not_found".
std::string_view to_string(ErrorCode code);

// One kind of error, which its id names: what a person looks up. A module defines its own in
// error_ids.cpp, with their texts, and shows in tarn/<module>/error_ids.h those that several files
// give. They live as long as the program, so a reference to one is always good. Two are the same
// when their numbers are.
struct ErrorId {
    uint16_t number;  // 201 is TARN-E0201; the first hundred are those of the codes
    ErrorCode code;
    std::string_view title;  // what a list shows
    std::string_view cause;  // why it happens; whole sentences
    std::string_view todo;   // what to do about it; whole sentences

    constexpr ErrorId(uint16_t n, ErrorCode c, std::string_view short_text, std::string_view why,
                      std::string_view advice)
        : number(n), code(c), title(short_text), cause(why), todo(advice) {}
    ErrorId(const ErrorId&) = delete;
    ErrorId& operator=(const ErrorId&) = delete;

    friend constexpr bool operator==(const ErrorId& a, const ErrorId& b) {
        return a.number == b.number;
    }
};

// "TARN-E0201".
std::string to_string(const ErrorId& id);

// Several of them, as data.
using ErrorList = std::span<const ErrorId* const>;

// What an error has that nobody named more precisely.
const ErrorId& generic_id(ErrorCode code);

namespace errors {
extern const ErrorId kInvalidArgument;
extern const ErrorId kNotFound;
extern const ErrorId kAlreadyExists;
extern const ErrorId kFailedPrecondition;
extern const ErrorId kConflict;
extern const ErrorId kResourceExhausted;
extern const ErrorId kUnavailable;
extern const ErrorId kCancelled;
extern const ErrorId kUnsupported;
extern const ErrorId kCorrupted;
extern const ErrorId kIo;
extern const ErrorId kInternal;
extern const ErrorId kPermissionDenied;
}  // namespace errors

}  // namespace tarn
