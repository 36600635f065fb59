// What can go wrong with the machine and settings. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/base/error_ids.h"

#include <fmt/format.h>

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kInvalidArgument{1, Code::kInvalidArgument,
    "The request is wrong",
    "What was asked cannot be done for anybody, whatever the state of the platform: a name is "
    "malformed, a value is out of bounds, two options exclude each other.",
    "Change the request as the message says."};

extern constinit const ErrorId kNotFound{2, Code::kNotFound,
    "It is not there",
    "What was named does not exist: a file, a folder, or something inside the platform.",
    "Check the name and the folder. `tarn topic list`, `tarn table list` and `tarn flow list` "
    "show what there is."};

extern constinit const ErrorId kAlreadyExists{3, Code::kAlreadyExists,
    "It is there already",
    "Something of this name exists, and nothing is ever overwritten silently.",
    "Choose another name, or remove what is there first."};

extern constinit const ErrorId kFailedPrecondition{4, Code::kFailedPrecondition,
    "Not possible in this state",
    "The request is right, but something has to be done before it.",
    "Do what the message names, then ask again."};

extern constinit const ErrorId kConflict{5, Code::kConflict,
    "Someone else was first",
    "Another writer has changed the same thing in the meantime.",
    "Read it again, then decide anew."};

extern constinit const ErrorId kResourceExhausted{6, Code::kResourceExhausted,
    "A limit is reached",
    "Memory, disk or a stated limit does not suffice for the request.",
    "Free some, ask for less, or raise the limit that the message names; then try again."};

extern constinit const ErrorId kUnavailable{7, Code::kUnavailable,
    "Not available now",
    "Another process did not answer, or a part is starting or stopping. It passes.",
    "Try again in a moment."};

extern constinit const ErrorId kCancelled{8, Code::kCancelled,
    "Stopped on request",
    "What ran was stopped before its end: by a person, by the end of the program, or by its time "
    "limit.",
    "Run it again; give it more time or less to do."};

extern constinit const ErrorId kUnsupported{9, Code::kUnsupported,
    "This version cannot",
    "Tarn knows what was asked and does not do it (yet).",
    "The message names the feature. The README lists what Tarn does not do yet."};

extern constinit const ErrorId kCorrupted{10, Code::kCorrupted,
    "Bytes are not what they must be",
    "Stored or received bytes do not pass their checks. Tarn never guesses around damage.",
    "If the message names a file: check the disk, and restore the file from a backup. If it "
    "names a client: that client sent broken bytes."};

extern constinit const ErrorId kIo{11, Code::kIo,
    "The operating system refused",
    "A call to the operating system failed for a reason that has no page of its own here.",
    "The message has the operating system's own words; `tarn doctor` checks what Tarn needs of "
    "the machine."};

extern constinit const ErrorId kInternal{12, Code::kInternal,
    "A defect of Tarn",
    "Something happened that must not happen. Your data is as safe as after a crash: what was "
    "acknowledged stays.",
    "Please report it, with the message and the log of the process."};

extern constinit const ErrorId kPermissionDenied{13, Code::kPermissionDenied,
    "Not permitted",
    "Whoever asked may not do this to what the message names. Nothing was done.",
    "Ask as someone who may, or let whoever decides it permit it."};

extern constinit const ErrorId kUnknownSetting{102, Code::kInvalidArgument,
    "There is no such setting",
    "A `--set`, a `TARN_*` variable of the environment or a key under `settings:` in tarn.yml "
    "names no setting. Settings are never ignored silently.",
    "Use the name that the message proposes; `tarn settings list` and docs/reference/settings.md "
    "show them all. A `TARN_*` variable that is none of Tarn's is removed with `unset`."};

extern constinit const ErrorId kSettingValue{103, Code::kInvalidArgument,
    "A setting cannot have this value",
    "The value does not have the form of the setting's type (a duration such as `5s`, a size "
    "such as `64MB`, a whole number, true or false), or is out of its bounds.",
    "Write it as in the example that docs/reference/settings.md gives. The message says where "
    "the value comes from."};

extern constinit const ErrorId kPortInUse{201, Code::kFailedPrecondition,
    "The port is in use",
    "Another program listens on the port that a listener of Tarn needs. Often it is an earlier Tarn "
    "that still runs, or another Kafka broker.",
    "Stop that program (the message names it where the system tells), or take another port: "
    "`--kafka-port` and `--http-port`; 0 takes any free one. `tarn demo` steps around ports in "
    "use by itself."};

extern constinit const ErrorId kAddressUnusable{202, Code::kFailedPrecondition,
    "Cannot listen on this address",
    "The address of a listener is not one of this machine's, or needs rights that the process has "
    "not (ports below 1024).",
    "Use 127.0.0.1 for this machine alone, 0.0.0.0 for every network it is in, or an address "
    "that `ip address` shows."};

extern constinit const ErrorId kNotAllowed{207, Code::kIo,
    "The operating system does not allow it",
    "The user that Tarn runs as may not read or write the file or folder, or may not do what it "
    "asks of the system.",
    "Give the folder to that user (`chown`), or choose another one with `--data`."};

extern constinit const ErrorId kReadOnlyDisk{208, Code::kIo,
    "The file system is read-only",
    "The folder lies on a file system that is mounted without the right to write, by choice or "
    "because the kernel met errors on it.",
    "`mount` and `dmesg` tell which. Use a folder on another disk with `--data`, or mount it "
    "again for writing."};

extern constinit const ErrorId kDiskFull{209, Code::kResourceExhausted,
    "The disk is full",
    "No space, or none of a quota, is left where Tarn writes. Nothing acknowledged is lost: "
    "producers are refused until there is space again, and flows wait.",
    "Free space, or shorten the retention of topics (`retention.ms`, `retention.bytes`). "
    "`log.disk_limit` bounds the log; `tarn doctor` shows what is free."};

extern constinit const ErrorId kTooManyFiles{210, Code::kResourceExhausted,
    "Too many open files",
    "The process, or the machine, has as many files and connections open as it may.",
    "Raise the limit: `ulimit -n 65536`, or `LimitNOFILE=` of the service. `tarn doctor` shows "
    "it."};

extern constinit const ErrorId kDiskBroken{211, Code::kIo,
    "The disk reports an error",
    "The device could not read or write. Retrying would risk data, so Tarn does not.",
    "Look at `dmesg` and the disk's own report (`smartctl`); move the data folder to a sound "
    "disk, then start again."};

extern constinit const ErrorId kMemoryExhausted{212, Code::kResourceExhausted,
    "The memory budget is spent",
    "A part needed more than its share of `memory.limit`. Tarn refuses or slows down instead of "
    "being killed.",
    "Raise `--memory`, or the part's own setting; or give it less to do at once: smaller "
    "batches, fewer keys, a query with fewer groups."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kInvalidArgument,
    &kNotFound,
    &kAlreadyExists,
    &kFailedPrecondition,
    &kConflict,
    &kResourceExhausted,
    &kUnavailable,
    &kCancelled,
    &kUnsupported,
    &kCorrupted,
    &kIo,
    &kInternal,
    &kPermissionDenied,
    &kUnknownSetting,
    &kSettingValue,
    &kPortInUse,
    &kAddressUnusable,
    &kNotAllowed,
    &kReadOnlyDisk,
    &kDiskFull,
    &kTooManyFiles,
    &kDiskBroken,
    &kMemoryExhausted,
};

}  // namespace tarn::errors

namespace tarn {

ErrorList base_errors() { return errors::kAll; }

std::string to_string(const ErrorId& id) { return fmt::format("TARN-E{:04}", id.number); }

// The first of them stand in the order of the codes.
const ErrorId& generic_id(ErrorCode code) { return *errors::kAll[size_t(code)]; }

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
        case ErrorCode::kPermissionDenied:
            return "permission_denied";
    }
    return "internal";
}

}  // namespace tarn
