#pragma once

// What is asked of a table in one commit, and what the commit rests on: the rules by which it may
// follow commits of others that it has not seen.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/row_set.h"
#include "tarn/delta/snapshot.h"
#include "tarn/io/file_system.h"

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
    // What becomes of a row was decided by that row, and by none of the table's others. Then rows
    // that others took away matter only if they are among those that this takes away, or `rows`.
    bool by_row = false;
    // By the canonical paths of files: rows that are to be there still, beside those that go.
    std::map<std::string, std::shared_ptr<const RowSet>> rows = {};

    static Reads nothing() {
        return {Isolation::kWriteSerializable, [](const AddFile&) { return false; }};
    }
};

// Rows of a file that go by its deletion vector. Others may give the file another vector meanwhile,
// as long as it has none of these rows: this one is put on top of theirs.
struct MarkedRows {
    std::string path;                    // of a live file, as in the log
    std::shared_ptr<const RowSet> rows;  // live ones; not none
};

struct CommitRequest {
    std::vector<AddFile> adds;
    std::vector<RemoveFile> removes;
    std::vector<MarkedRows> marks;  // of files that are not among `removes`, each once
    std::function<Uuid()> new_id;   // for the files of their vectors
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
// which operation; those of reading deletion vectors.
Status check_conflicts(io::FileSystem& fs, const CommitRequest& request, const Snapshot& read,
                       const Snapshot& now, const std::vector<Winner>& winners);
// Whether check_conflicts() needs the winners' actions.
bool needs_winners(const CommitRequest& request);

// What takes a live file away.
RemoveFile removal(const AddFile& file, Timestamp time);

}  // namespace tarn::delta
