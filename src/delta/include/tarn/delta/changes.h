#pragma once

// What versions of a table did to its rows (PROTOCOL.md "Add CDC File", "Change Data Files"): by
// the change data files of a version that has some; otherwise by the files that came and went with
// dataChange, and by what deletion vectors gained and lost. A version that only moves rows between
// files, as OPTIMIZE does, changes nothing.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/table.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

enum class RowChange {
    kInsert,  // rows of the file are new
    kDelete,  // rows of the file are gone
    kLogged,  // each row says in its column _change_type what became of it
};

struct ChangedRows {
    int64_t version = 0;
    int64_t time_ms = 0;  // of the version: in-commit timestamp, else when its file was written
    RowChange change = RowChange::kInsert;
    std::shared_ptr<const AddFile> file;
    // Positions in the file, ascending, of the rows that are meant; nothing: all that the file's
    // own deletion vector leaves.
    std::optional<std::vector<uint64_t>> only;
};

// What one version did to rows. What goes stands before what comes.
struct VersionChanges {
    std::string operation;                // of commitInfo; empty: it has none
    std::optional<int64_t> in_commit_ms;  // when it was made: its in-commit timestamp,
    std::optional<int64_t> said_ms;       // or what its writer said
    bool new_metadata = false;            // columns may be others from here on
    std::vector<ChangedRows> rows;        // without a time
};
// Errors: as those of changed_rows().
Result<VersionChanges> changes_of(io::FileSystem& fs, Table& table, int64_t version);

// Of the versions from `from` to `to`, both inclusive, in their order. An UPDATE of a table without
// a change data feed that wrote its files anew has all rows of them, gone and come.
// Errors: kNotFound (a version whose commit is not there, or no longer), kCorrupted, kUnsupported.
Result<std::vector<ChangedRows>> changed_rows(io::FileSystem& fs, Table& table, int64_t from,
                                              int64_t to);

}  // namespace tarn::delta
