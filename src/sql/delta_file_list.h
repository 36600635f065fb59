#pragma once

// The files that a scan of a Delta table reads, as DuckDB's list of files: pruned by what the log
// says of them.

#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/planner/table_filter.hpp>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tarn/delta/actions.h"
#include "tarn/delta/row_set.h"
#include "tarn/delta/snapshot.h"

namespace tarn::sql {

// Columns of changes beside the table's own, as Delta's other readers name them.
inline constexpr const char* kChangeType = "_change_type";
inline constexpr const char* kCommitVersion = "_commit_version";
inline constexpr const char* kCommitTime = "_commit_timestamp";

// What a scan needs of a snapshot; shared by copies of its list.
struct ScanState {
    using Rows = std::unordered_map<const delta::AddFile*, std::shared_ptr<const delta::RowSet>>;
    std::shared_ptr<const delta::Snapshot> snapshot;
    std::vector<std::shared_ptr<const delta::AddFile>> files;
    std::map<std::string, std::string> physical;            // by column name
    std::map<std::string, duckdb::LogicalType> partitions;  // of columns by name
    bool has_places = false;  // and row ids, where the table keeps them
    // Of some files the rows that are meant, or those that are not.
    Rows only, without;
    uint64_t planned_rows = 0;
    bool numbered = false;  // files have numbers:
    std::unordered_map<const delta::AddFile*, int64_t> numbers;

    // A column that has one value in all of a file.
    bool constant(const delta::AddFile& file, const std::string& column) const {
        if (!partitions.contains(column)) return false;
        // Change data files have it themselves.
        return column != kChangeType || delta::find(file.partition_values, column);
    }
};

// The value of such a column. Empty text is NULL but for strings (the protocol says always; Spark
// and the kernel keep it for strings).
duckdb::Value partition_value(const ScanState& state, const delta::AddFile& file,
                              const std::string& column, const duckdb::LogicalType& type);

// Filters of a scan by the columns that it was bound with.
struct ColumnFilters {
    std::vector<std::pair<duckdb::column_t, const duckdb::TableFilter*>> tests;
    std::vector<std::string> physical;  // what files call those columns

    ColumnFilters(const ScanState& state, const duckdb::vector<std::string>& names,
                  const duckdb::vector<duckdb::column_t>& column_ids,
                  const duckdb::TableFilterSet& filters);
};
// Whether a file may have a row for which they hold.
bool possible(const ScanState& state, const delta::AddFile& file,
              const duckdb::vector<std::string>& names,
              const duckdb::vector<duckdb::LogicalType>& types, const ColumnFilters& filters);

class SnapshotFiles final : public duckdb::MultiFileList {
  public:
    explicit SnapshotFiles(std::string root) : path(std::move(root)) {}
    SnapshotFiles(std::string root, std::shared_ptr<const ScanState> state,
                  std::vector<duckdb::idx_t> ids)
        : path(std::move(root)), state_(std::move(state)), ids_(std::move(ids)) {}

    void set(std::shared_ptr<const ScanState> state);
    const ScanState& state() const { return *state_; }
    const delta::AddFile& file(duckdb::idx_t i) const { return *state_->files[ids_[i]]; }

    duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override;
    duckdb::FileExpandResult GetExpandResult() const override;
    duckdb::idx_t GetTotalFileCount() const override { return ids_.size(); }
    duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
        duckdb::ClientContext& context) const override;
    duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override;
    // Called once an execution, with constants, IN lists and what joins push at run time.
    duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
        duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
        const duckdb::vector<std::string>& names, const duckdb::vector<duckdb::LogicalType>& types,
        const duckdb::vector<duckdb::column_t>& column_ids,
        duckdb::TableFilterSet& filters) const override;

    const std::string path;

  protected:
    duckdb::OpenFileInfo GetFile(duckdb::idx_t i) const override;

  private:
    std::shared_ptr<const ScanState> state_;
    std::vector<duckdb::idx_t> ids_;
};

}  // namespace tarn::sql
