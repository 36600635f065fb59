#pragma once

// Reading chosen files of a Delta table: what one version added, or the files of some partitions.

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tarn/codec/column_batch.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/row_set.h"
#include "tarn/delta/snapshot.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

// What the queries of a session have asked of files that it was given: the filters of their scans,
// with what joins found at run time. Used by one thread at a time, while the session lives.
class AskedRows {
  public:
    AskedRows();
    ~AskedRows();
    // Whether a scan wanted rows that a file of the table, also one that was not there, may hold.
    // True for every file if a scan was planned and did not run.
    bool may_hold(const delta::AddFile& file) const;

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

struct DeltaFiles {
    std::shared_ptr<const delta::Snapshot> snapshot;  // schema, column mapping, partition columns
    std::vector<std::shared_ptr<const delta::AddFile>> files;
    // Of some files these rows alone, or all others.
    using Set = std::shared_ptr<const delta::RowSet>;
    std::unordered_map<const delta::AddFile*, Set> only = {}, without = {};
    bool numbered = false;  // there is kFileNumberColumn, which is this of each file:
    std::unordered_map<const delta::AddFile*, int64_t> numbers = {};
    std::shared_ptr<AskedRows> asked = nullptr;  // is told of the scans
    uint64_t planned_rows = 0;                   // what a plan goes by, if there are fewer
};

// Makes these files what a session reads by text() in FROM, as long as it lives; one at a time.
// Beside the table's columns they have kFileColumn, which is "tarn://" and the path on disk,
// kRowColumn, the position in the file, and if `numbered` kFileNumberColumn. Where rows keep ids
// (tarn/delta/row_tracking.h) they also have what the file says of the row's id and version, NULL
// if it says nothing, and what is so by default: kFileIdColumn + kRowColumn, and
// kFileVersionColumn.
inline constexpr const char* kFileColumn = "tarn file";
inline constexpr const char* kRowColumn = "tarn row";
inline constexpr const char* kFileNumberColumn = "tarn file number";
inline constexpr const char* kRowIdColumn = "tarn row id";
inline constexpr const char* kRowVersionColumn = "tarn row version";
inline constexpr const char* kFileIdColumn = "tarn file id";
inline constexpr const char* kFileVersionColumn = "tarn file version";
class GivenFiles {
  public:
    GivenFiles(Session& session, const DeltaFiles& files);
    ~GivenFiles();
    GivenFiles(const GivenFiles&) = delete;
    GivenFiles& operator=(const GivenFiles&) = delete;
    std::string text() const;

  private:
    Session& session_;
};

// From now on all queries of the session are one statement: each table whose newest version they
// ask for is for all of them as the first that named it saw it, and `table`, if it is not null, as
// it is in this snapshot.
void hold_tables(Session& session, std::shared_ptr<const delta::Snapshot> table = nullptr);

// Whether a query of this session was bound to a table, by the id of its metadata, in another way
// than by files that it was given.
bool reads_otherwise(Session& session, const std::string& table_id);

// The rows of `select`, which reads given.text(), in batches of at most `batch_rows`, in the order
// of the files and of the rows in them. The engine must have one thread. Errors: as below.
Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_given_files(
    Session& session, const std::string& select, size_t batch_rows);

// The same, of these columns of all live rows. Errors: kIo, kCorrupted, kInvalidArgument (no such
// column), kResourceExhausted.
Result<std::vector<std::shared_ptr<const codec::ColumnBatch>>> read_delta_files(
    Session& session, const DeltaFiles& files, std::span<const std::string> columns,
    size_t batch_rows);

}  // namespace tarn::sql
