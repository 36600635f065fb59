#pragma once

// Actions as the JSON of a commit file: one object a line, one key an object. 64-bit integers stay
// exact; nulls equal absence; unknown actions and fields are skipped, as the protocol demands.

#include <functional>
#include <string>
#include <string_view>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"

namespace tarn::delta {

// Calls `each` for every known action of newline-delimited JSON. Errors: kCorrupted (with the
// line's number), or what `each` returns.
Status parse_actions(std::string_view text, const std::function<Status(Action&&)>& each);

// Appends one line with its newline. Empty and absent optional fields are left out.
void append_json(std::string& out, const Protocol& action);
void append_json(std::string& out, const Metadata& action);
void append_json(std::string& out, const AddFile& action);
void append_json(std::string& out, const RemoveFile& action);
void append_json(std::string& out, const SetTransaction& action);
void append_json(std::string& out, const DomainMetadata& action);
void append_json(std::string& out, const ChangeFile& action);
void append_json(std::string& out, const CommitInfo& action);
// Of checkpoints alone.
void append_json(std::string& out, const CheckpointMetadata& action);
void append_json(std::string& out, const Sidecar& action);

// A JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// numRecords of a stats text, -1 if absent or not JSON.
int64_t stats_records(std::string_view stats);

}  // namespace tarn::delta
