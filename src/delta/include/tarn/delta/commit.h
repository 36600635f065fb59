#pragma once

// What is asked of a table in one commit, and what the commit rests on: the rules by which it may
// follow commits of others that it has not seen.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/snapshot.h"

namespace tarn::delta {

// delta.isolationLevel; names as in commitInfo.
enum class Isolation : uint8_t {
    kWriteSerializable,  // rows that others only appended count as appended later
    kSerializable,
    kSnapshot,  // for what changes no rows (OPTIMIZE): only the files that it takes away matter
};
std::string_view name_of(Isolation isolation);
// As the table's property says. Errors: kInvalidArgument (no such level).
Result<Isolation> isolation_of(const Metadata& metadata);

// What of the table was read to prepare a commit.
struct Reads {
    Isolation isolation = Isolation::kWriteSerializable;
    // Whether a file may hold rows that were asked for. Called with files of the version that was
    // read and with those that others added since; must not throw. Null: every file.
    std::function<bool(const AddFile&)> may_hold;

    static Reads nothing() {
        return {Isolation::kWriteSerializable, [](const AddFile&) { return false; }};
    }
};

struct CommitRequest {
    std::vector<AddFile> adds;
    std::vector<RemoveFile> removes;
    std::vector<ChangeFile> changes;
    std::vector<SetTransaction> transactions;
    std::vector<DomainMetadata> domains;
    std::optional<Protocol> protocol;  // in version 0, or with metadata the table's new one
    std::optional<Metadata> metadata;  // in version 0, or the table's new one
    // Absent: with removes or metadata nobody may have committed since; without them nothing was
    // read, and rows that others appended do not matter.
    std::optional<Reads> reads;
    CommitInfo info;  // txn_id must be unique; timestamp and read version are filled in
    Timestamp time;   // the commit's time is max(this, the previous one's + 1 ms)
};

// A commit that another writer made meanwhile.
struct Winner {
    int64_t version = -1;
    std::vector<Action> actions;
};

// Whether the request, prepared by looking at `read`, may follow these commits, which lead from
// there to `now`. Errors: kConflict, which says what the other writer did, in which version and by
// which operation.
Status check_conflicts(const CommitRequest& request, const Snapshot& read, const Snapshot& now,
                       const std::vector<Winner>& winners);
// Whether check_conflicts() needs the winners' actions.
bool needs_winners(const CommitRequest& request);

}  // namespace tarn::delta
