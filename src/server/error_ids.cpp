// What can go wrong with the HTTP listener. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/server/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoAddress{406, Code::kNotFound,
    "There is nothing at this address",
    "The path of the request is none of Tarn's.",
    "/api/v1/openapi.yaml lists the API; the page is at /."};

extern constinit const ErrorId kSqlBusy{805, Code::kResourceExhausted,
    "Too many queries at once",
    "All slots for SQL are taken, and the queue for them is full or did not move in time.",
    "Try again in a moment. Flows are not touched by it: they have an engine of their own."};

extern constinit const ErrorId kStarting{903, Code::kUnavailable,
    "Tarn is still starting",
    "The process recovers the log and its flows after its last end. It takes seconds.",
    "Try again in a moment."};

extern constinit const ErrorId kLogReadOnly{909, Code::kUnavailable,
    "The log takes no writes",
    "The disk is full, or a sync failed. What is stored can be read, and queries work.",
    "With a full disk: free space, or raise `QUOTA`; the log goes on by itself. After a failed "
    "sync: look at `dmesg` and the disk, then start Tarn again."};

extern constinit const ErrorId kOtherSite{906, Code::kFailedPrecondition,
    "The request comes from another site",
    "A page of another site, or a request for another host name, asked this server. Browsers "
    "would let any page you visit ask it in your name, so it is refused.",
    "Open the page at the address that Tarn prints when it is ready. A name of your own for this "
    "machine, or of a proxy before it, goes into setting `http.hosts`."};

extern constinit const ErrorId kUnknownErrorId{908, Code::kNotFound,
    "There is no such error id",
    "Ids look like TARN-E0201.",
    "docs/errors/README.md lists them."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoAddress, &kSqlBusy, &kStarting, &kOtherSite, &kUnknownErrorId, &kLogReadOnly,
};

}  // namespace tarn::errors

namespace tarn::server {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::server
