#pragma once

// Lake tables: Delta tables under one root folder, `<root>/<schema>/<table>/`, written by flows and read by anyone.
// Thread-safe; appends to one table are serialised inside, appends to different tables run side by side.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/metrics.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/delta/actions.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {
struct TableStatement;
}  // namespace tarn::sql

namespace tarn::lake {

struct TableSpec {
    std::string name;  // "bronze.clicks"
    std::vector<codec::ColumnSpec> columns;
    std::vector<std::string> partition_by;  // column names
    std::map<std::string, std::string> properties;
    std::string description;
};

// Exactly once: an append whose (app_id, version) is not newer than the table's is not made.
struct Txn {
    std::string app_id;
    int64_t version = 0;
};

struct AppendRequest {
    std::string table;
    std::vector<std::shared_ptr<const codec::ColumnBatch>>
        batches;  // all of the table's schema; may be empty
    std::optional<Txn> txn;
    std::vector<Txn> more_txns;  // e.g. one a partition, for outside readers
    Timestamp time;  // the epoch's batch time: commit time is max(this, previous + 1 ms)
    std::map<std::string, std::string> user_metadata;  // into commitInfo
    // File names are made from this, so that an epoch run twice does not litter: unique per (app id, version).
    std::string file_stem;
    // Replaces the partitions that the rows fall in (all files, if the table has none), made by looking at this
    // version; a negative one: the rows are added. Others may not have committed since.
    int64_t replace_at = -1;
};
struct AppendOutcome {
    int64_t version = -1;  // of the table after the commit, or at which the txn already stood
    bool duplicate = false;
    uint64_t rows = 0, files = 0, bytes = 0;
};

// Whether every integer of one type is of the other too, and is written the same: what
// ensure_table() makes wider in a table that stands.
bool widens(const codec::ColumnType& from, const codec::ColumnType& to);

// What Lake::ensure_table() would make of a table that is there.
struct SchemaChange {
    std::vector<std::string> added, relaxed, widened;  // columns, by name
    std::string refused;  // what of it cannot be, with rows that stand; empty: all can
};

struct TableInfo {
    std::string name, path, description;
    Uuid id;
    int64_t version = -1;
    std::vector<codec::ColumnSpec> columns;
    std::vector<std::string> partition_by;
    std::map<std::string, std::string> properties;
    uint64_t files = 0, bytes = 0;
    int64_t rows = -1;  // -1 when a file has no statistics
    Timestamp created, last_commit;
};
struct HistoryEntry {
    int64_t version = -1;
    Timestamp time;
    std::string operation;
    std::map<std::string, std::string> parameters, metrics;
    std::string engine, isolation, user_metadata;
    std::optional<int64_t> read_version;  // that the writer had looked at
    std::optional<Txn> txn;
    // By the commit's own actions.
    uint64_t files_added = 0, bytes_added = 0, files_removed = 0, bytes_removed = 0;
    uint64_t vectors = 0;       // files that stayed and got another deletion vector
    int64_t rows_written = -1;  // in the files that it added, what it copied with them; -1 unknown
    int64_t rows = -1;          // that readers of this version see; -1 unknown
};

using BatchList = std::vector<std::shared_ptr<const codec::ColumnBatch>>;
using FileList = std::vector<std::shared_ptr<const delta::AddFile>>;

// What one version added, or holds.
struct AddedFiles {
    int64_t version = -1;
    Timestamp time;  // of the commit
    FileList files;
    bool replaced = false;  // they are the whole table: all that stood before went
};
struct PartitionRows {
    int64_t version = -1;  // of the table that was read
    BatchList rows;
};

inline constexpr Duration kKeepDropped = Duration::seconds(7 * 24 * 60 * 60);

struct LakeContext {
    io::FileSystem& fs;
    Clock& clock;
    Random& random;
    io::Failpoints& failpoints;
    Metrics& metrics;
    Logger logger;
    sql::Engine& engine;  // Parquet in and out
    // A dropped table can be brought back for so long; zero: it goes at once.
    Duration keep_dropped = kKeepDropped;
    // Checksums of versions and checkpoints are written by a thread of the lake's, behind their
    // commits, which do not wait for them; else with them.
    bool later = false;
};

// A table that was dropped and can be brought back.
struct DroppedTable {
    std::string name;
    Uuid id;                  // of the drop
    Timestamp dropped, goes;  // from then on it may go for good
    uint64_t bytes = 0;       // on the disk
};
struct UndropRequest {
    std::string table;            // as it was called
    std::string as = {};          // its new name; empty: as it was called
    std::optional<Uuid> id = {};  // of the drop; none: the newest of this name
};

struct ChangeOutcome;
struct StatementPlan;
struct CreateRequest;
struct DeleteRequest;
struct InsertRequest;
struct UpdateRequest;
struct MergeRequest;
struct OptimizeRequest;
struct OptimizeOutcome;
struct VacuumRequest;
struct VacuumOutcome;
struct RestoreRequest;
struct RestoreOutcome;
struct CloneRequest;
struct CloneOutcome;
struct CloneOf;
struct ValidateOutcome;
struct RepairRequest;
struct RepairOutcome;
struct TableDetail;
struct TableLayout;
struct TableChanges;
struct ChangedBatches;
class TableAt;

class Lake {
  public:
    static Result<std::unique_ptr<Lake>> open(std::string root, LakeContext context);
    ~Lake();

    // Creates it, or makes the columns of the one that is there these, in one commit, if its rows
    // can stay: a column that it lacks is added (null in its rows), one that is required no longer
    // may be null, INTEGER becomes BIGINT, and both a DECIMAL that holds them, without digits
    // behind the point (its files are written anew, which for those who read it as it grows changes
    // nothing). Columns that only the table has stay. Errors: kAlreadyExists
    // (another schema; says which column differs), kInvalidArgument (names Delta cannot have).
    Status ensure_table(const TableSpec& spec);
    // The same, but changes nothing. Nothing, if there is no such table.
    Result<std::optional<SchemaChange>> schema_change(const TableSpec& spec);
    // Gives `table` what `from` holds: rows, columns, partitions, transactions, in one commit, so
    // that readers see the old or the new, and drops `from`. The table keeps its id and history; it
    // is made if it is not there. Again after a crash it goes on where it was; without a table
    // `from` it does nothing. No one may write either meanwhile.
    Status replace_table(std::string_view table, std::string_view from);
    // The version in which the table was last replaced as a whole, 0 if never.
    Result<int64_t> replaced_at(std::string_view table);
    // Out of sight in one step, whole after a crash; with all of its files until the time to keep
    // dropped tables is over. Errors: kNotFound, kFailedPrecondition (a shallow clone of it is
    // there).
    Status drop_table(std::string_view name);
    // The same, and its files go at once; without a table of this name those go that were dropped.
    // Errors also: kFailedPrecondition (a shallow clone of it can be brought back).
    Status purge_table(std::string_view name);
    // Brings a dropped table back. Errors: kNotFound (there is none of this name), kAlreadyExists
    // (a table of the name that it would have), kFailedPrecondition (a shallow clone whose source
    // has gone).
    Result<DroppedTable> undrop_table(const UndropRequest& request);
    std::vector<DroppedTable> dropped();  // newest first
    // Removes those whose time is over, which it gives.
    Result<std::vector<DroppedTable>> purge_dropped();
    // Removes what a crash has left of tables that went. While no one drops any: at the start of
    // who has the folder to himself.
    Status remove_dropped();
    // Errors: kNotFound, kConflict (a newer txn of this app id by someone else: fenced), kUnsupported (a table feature,
    // named), kResourceExhausted (disk), kInvalidArgument (schema differs).
    Result<AppendOutcome> append(AppendRequest request);
    // Changes of rows that stand, each in one commit (change_rows.h). Errors: those of append, and
    // kInvalidArgument (the SQL; a row of the table that several rows of a MERGE's source change).
    // Errors: kAlreadyExists.
    Result<ChangeOutcome> create_table(const CreateRequest& request);
    // `statement` is an ALTER (table_statement.h). Columns that are renamed or dropped map all
    // columns of
    // the table from then on, a wider type asks readers for type widening.
    Result<ChangeOutcome> alter_table(const sql::TableStatement& statement, sql::Engine& engine);
    // What an INSERT, UPDATE, DELETE, MERGE or CREATE TABLE AS would read and be held to; it is not
    // done. Errors: kNotFound, those of the SQL, kUnsupported (a statement that reads no rows).
    Result<StatementPlan> explain(const sql::TableStatement& statement, sql::Engine& engine);
    Result<std::vector<std::string>> column_names(std::string_view table);
    Result<ChangeOutcome> insert(const InsertRequest& request);
    Result<ChangeOutcome> delete_rows(const DeleteRequest& request);
    Result<ChangeOutcome> update_rows(const UpdateRequest& request);
    Result<ChangeOutcome> merge(const MergeRequest& request);
    // Care of tables (maintain.h). Errors: those of a commit; kInvalidArgument (the SQL, a column,
    // too short a retention), kUnsupported (a table feature, named), kNotFound (a version; a file
    // that it needs), kAlreadyExists (what a clone would be).
    Result<OptimizeOutcome> optimize(const OptimizeRequest& request);
    Result<VacuumOutcome> vacuum(const VacuumRequest& request);
    Result<RestoreOutcome> restore(const RestoreRequest& request);
    Result<CloneOutcome> clone(const CloneRequest& request);
    // Nothing if it was not made as one, by its first commit; where that is cleaned up a table with
    // files of others counts as a shallow clone.
    Result<std::optional<CloneOf>> clone_of(std::string_view table);
    // Replays the log independently, opens every file and vector, and compares counts and bounds
    // with the data; the table may be another writer's. Problems are no errors.
    Result<ValidateOutcome> validate(std::string_view table);
    // Mends what can be mended (maintain.h). Errors: kNotFound, those of a commit.
    Result<RepairOutcome> repair(const RepairRequest& request);
    // Ends the statements that run and the care of tables, with kCancelled or with what is done,
    // and refuses what comes: for who is about to stop.
    void interrupt();
    // The newest committed version of an app id, -1 if none.
    Result<int64_t> txn_version(std::string_view table, std::string_view app_id);
    std::vector<std::string> tables();  // found on disk, sorted
    Result<TableInfo> describe(std::string_view table);
    // For a page about it (table_detail.h): errors as of describe().
    Result<TableDetail> detail(std::string_view table);
    Result<TableLayout> layout(std::string_view table);
    // Newest first. Reads the log of that many versions, and a checkpoint where rows of files that
    // were removed are not known from these.
    Result<std::vector<HistoryEntry>> history(std::string_view table, int64_t limit);
    std::string path_of(std::string_view table) const;

    // Reading a table as it grows.
    // The newest version.
    Result<int64_t> version(std::string_view table);
    // The live files of the newest version, in the order they came.
    Result<AddedFiles> files(std::string_view table);
    // The files with rows that a version added: none of a DELETE, which only takes away; all files
    // of one that replaced the table as a whole, which is said. Errors: kFailedPrecondition (it
    // changed rows or replaced some; names version and operation), kNotFound
    // (no such version, or it was cleaned up).
    Result<AddedFiles> added(std::string_view table, int64_t version);
    // These columns of the files' rows, in their order.
    Result<BatchList> read(sql::Session& session, std::string_view table, const FileList& files,
                           std::span<const std::string> columns, size_t batch_rows);
    // All rows of the partitions that `like` falls in (of all, if the table has no partitions).
    Result<PartitionRows> read_partitions(sql::Session& session, std::string_view table,
                                          const BatchList& like,
                                          std::span<const std::string> columns);
    // The same by all that a version changed (table_changes.h): its own rows, or all rows of the
    // table as of it, as if they had come. Errors: kNotFound (no such version, or it was cleaned
    // up).
    Result<TableChanges> changes(std::string_view table, int64_t version);
    Result<TableChanges> whole(std::string_view table, int64_t version);
    // These columns of the rows of one of the files, in their order, and those of changes. The
    // engine must have one thread. Errors: kInvalidArgument (a column that the table has not any
    // more), those of reading.
    Result<ChangedBatches> read_changes(sql::Session& session, std::string_view table,
                                        const TableChanges& changes, size_t file,
                                        std::span<const std::string> columns, size_t batch_rows);
    Result<std::unique_ptr<TableAt>> give(sql::Session& session, std::string_view table,
                                          int64_t version, std::span<const std::string> columns);
    // Someone will read the log from this version on: it is not cleaned up. Replaces that owner's hold.
    void set_hold(std::string_view owner, std::string_view table, int64_t version);
    void release_holds(std::string_view owner);
    // Called with a table's name after each commit of this process, from the writer's thread; must return at once.
    uint64_t add_listener(std::function<void(const std::string& table)> listener);
    // After it returns the listener is not running and never will.
    void remove_listener(uint64_t token);
    // The first problem that validate() finds, as kCorrupted.
    Status verify(std::string_view table);

    struct Impl;  // what the files of this module share

  private:
    explicit Lake(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::lake
