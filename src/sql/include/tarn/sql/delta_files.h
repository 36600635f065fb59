#pragma once

// Reading chosen files of a Delta table: what one version added, or the files of some partitions.

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tarn/codec/column_batch.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/snapshot.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

struct DeltaFiles {
    std::shared_ptr<const delta::Snapshot> snapshot;  // schema, column mapping, partition columns
    std::vector<std::shared_ptr<const delta::AddFile>> files;
    // Of some files the rows at these positions alone, which ascend.
    std::unordered_map<const delta::AddFile*, std::vector<uint64_t>> only = {};
};

// Makes these files what a session reads by text() in FROM, as long as it lives; one at a time.
// Beside the table's columns they have kFileColumn, which is "tarn://" and the path on disk, and
// kRowColumn, the position in the file. Where rows keep ids (tarn/delta/row_tracking.h) they also
// have what the file says of the row's id and version, NULL if it says nothing, and what is so by
// default: kFileIdColumn + kRowColumn, and kFileVersionColumn.
inline constexpr const char* kFileColumn = "tarn file";
inline constexpr const char* kRowColumn = "tarn row";
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
