#pragma once

// From a request to the lines of a commit.

#include <string>
#include <vector>

#include "tarn/delta/commit.h"

namespace tarn::delta {

// Fills in what depends on the version: times, row ids and the domain that counts them. Again for
// another version it gives what that one needs. `before` is null for version 0. Errors: kCorrupted
// (row ids of the log that are not sound).
Status number(CommitRequest& request, int64_t version, const Snapshot* before);

// Whether commits say their time themselves (PROTOCOL.md "In-Commit Timestamps").
bool keeps_times(const Protocol& protocol, const Metadata& metadata);

// commitInfo first, as in-commit timestamps demand.
std::string commit_text(const CommitRequest& request);
std::vector<Action> actions_of(CommitRequest&& request);

}  // namespace tarn::delta
