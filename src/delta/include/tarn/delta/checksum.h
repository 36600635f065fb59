#pragma once

// A version's checksum (PROTOCOL.md "Version Checksum File"): what a table holds at that version,
// beside its commit, for those who verify the log.

#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

// One JSON object. `txn_id`: of the version's commit.
std::string checksum_text(const Snapshot& table, std::string_view txn_id);

// What of a checksum does not hold for the table at its version, each a sentence's end ("counts 3
// files, the log has 2"). Fields that a writer may leave out are compared where they are there.
// Errors: kCorrupted (no checksum, or one without a field that must be there).
Result<std::vector<std::string>> compare_checksum(std::string_view text, const Snapshot& table);

}  // namespace tarn::delta
