#pragma once

// What the files of this module share. An Entry is a table that was used: its snapshot and who
// wrote last.

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "later.h"
#include "partition_split.h"
#include "tarn/base/mutex.h"
#include "tarn/delta/checkpoint_io.h"
#include "tarn/delta/table.h"
#include "tarn/lake/lake.h"

namespace tarn::lake {

struct Entry {
    Entry(io::FileSystem& fs, std::string path, delta::CheckpointIo* io, delta::Table::Note note)
        : table(fs, std::move(path), io, std::move(note)) {}
    Mutex maintaining;  // one operation of maintain.h at a time; taken before `appending`
    Mutex appending;    // one append at a time; held around everything an append does
    delta::Table table;
    // Newest transaction of each app id that this process wrote or asked for: a newer one in the
    // log is a fence.
    std::map<std::string, int64_t> known TARN_GUARDED_BY(appending);
    std::atomic<int64_t> cleaned_ms = INT64_MIN;         // the log, last
    bool told_ahead TARN_GUARDED_BY(appending) = false;  // that commit times are
    Mutex reading;  // of what is known of the columns, for those who read versions one by one
    std::shared_ptr<const delta::Snapshot> layout TARN_GUARDED_BY(reading);  // without files
    int64_t layout_at TARN_GUARDED_BY(reading) = -1;  // the version whose columns it has
};

struct Lake::Impl {
    Impl(std::string root, LakeContext c);
    ~Impl() { later.reset(); }  // what waits uses the others

    std::string path_of(std::string_view name) const;
    std::string path_of(const DroppedTable& table) const;
    // The table's entry, whether or not it exists. Errors: kInvalidArgument (not schema.table).
    Result<std::shared_ptr<Entry>> entry(std::string_view name);
    Result<std::shared_ptr<const delta::Snapshot>> snapshot(std::string_view name);
    Uuid new_uuid();
    Status check_new_name(std::string_view name);
    delta::StepHook steps();
    // Whether the transaction is in the table. Errors: kConflict (a newer one than this process
    // knows of: fenced).
    Result<bool> has_transaction(Entry& entry, const delta::Snapshot& table, std::string_view name,
                                 const Txn& txn) TARN_REQUIRES(entry.appending);
    Status find_layouts(Entry& entry, const delta::Snapshot& newest, bool new_columns,
                        TableChanges& out) TARN_EXCLUDES(entry.reading);
    // Makes the table's columns what the specification says, if rows that stand can stay. Errors:
    // kAlreadyExists (they cannot; says which column), those of a commit.
    Status evolve(Entry& entry, const TableSpec& spec,
                  const std::shared_ptr<const delta::Snapshot>& there)
        TARN_REQUIRES(entry.appending);
    // dropped.cpp. Without a time to keep it the table's files go at once.
    Status drop(Lake& lake, std::string_view name, Duration keep);
    std::vector<DroppedTable> dropped_tables();
    // A dropped table that has files of this one; empty: none has.
    std::string dropped_that_refers(std::string_view name);
    Status purge(const DroppedTable& table);
    // In one step out of sight, then file by file.
    Status remove_folder(const std::string& path);
    // One commit that gives the table the content of another one.
    Status take_over(Entry& entry, const delta::Snapshot& old, const delta::Snapshot& fresh)
        TARN_REQUIRES(entry.appending);

    const std::string root;
    LakeContext context;
    std::unique_ptr<delta::CheckpointIo> checkpoints;
    std::unique_ptr<Later> later;             // null: what follows a commit is done with it
    std::atomic<bool> told_checksum = false;  // that one was not written
    void finish_commits() {
        if (later) later->flush();
    }
    void note_checksum(const std::string& path, const std::string& text);
    Counter& appends;
    Counter& rows;
    Counter& bytes;
    Counter& conflicts;
    Counter& duplicates;
    Counter& checkpoint_failures;
    Counter& ahead;
    std::atomic<bool> stopping = false;  // no more care of tables
    Status not_stopped() const {
        if (!stopping) return {};
        return fail(ErrorCode::kCancelled, "the process is ending");
    }

    // Held while a table is dropped or brought back, and by who must see each table at one of both
    // places. Taken behind an entry's.
    Mutex moving;
    Mutex mutex;  // of the map and the random numbers
    std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries TARN_GUARDED_BY(mutex);
    // By table, then owner.
    std::map<std::string, std::map<std::string, int64_t, std::less<>>, std::less<>> holds
        TARN_GUARDED_BY(mutex);
    // The oldest version that someone will read, INT64_MAX if nobody.
    int64_t held(std::string_view table);

    // After a commit: a checkpoint now and then, and behind it the log's oldest part goes. The
    // commit is made whatever happens here: an error is logged and counted, and given back only if
    // the process is to stop.
    Status after_commit(Entry& entry, const std::string& table, const delta::Snapshot& snapshot)
        TARN_REQUIRES(entry.appending);
    Status checkpoint(Entry& entry, const std::string& table,
                      std::shared_ptr<const delta::Snapshot> of);
    void look_at_time(Entry& entry, const std::string& table, const delta::Snapshot& snapshot)
        TARN_REQUIRES(entry.appending);
    // About so long, by chance more or less, so that writers do not stay in step.
    void pause(Duration about);

    // Sessions of statements, which interrupt() ends.
    Mutex running;
    std::set<sql::Session*> sessions TARN_GUARDED_BY(running);

    void tell(const std::string& table);
    Mutex listening;  // held while listeners run
    uint64_t last_token TARN_GUARDED_BY(listening) = 0;
    std::map<uint64_t, std::function<void(const std::string&)>> listeners
        TARN_GUARDED_BY(listening);
};

// The partitions of a table that rows fall in, as the texts of the log.
Result<std::set<PartitionKey>> partitions_of(const delta::Snapshot& snapshot,
                                             const BatchList& rows);
// The name that files and their partition values have of a column.
const std::string& stored_name(const delta::Snapshot& snapshot, const std::string& column);
// Null: NULL.
const std::string* partition_value(const delta::Snapshot& snapshot, const delta::AddFile& file,
                                   const std::string& column);
PartitionKey partition_of(const delta::Snapshot& snapshot, const delta::AddFile& file);
// The same with values in one spelling: what tells whether two files are of one partition.
PartitionKey partition_identity(const delta::Snapshot& snapshot, const delta::AddFile& file);
PartitionKey partition_identity(const delta::Snapshot& snapshot, PartitionKey key);

inline constexpr std::string_view kReplaceTable = "REPLACE TABLE";  // in commitInfo
inline constexpr std::string_view kReplacedAt = "tarn.replacedAt";  // a table's property: version
inline constexpr const char* kEngine = "Tarn/0.1.0";

// Rules of the table that Tarn does not hold appended batches to; statements keep most of them
// (row_rules.h). Errors: kUnsupported, naming it.
Status check_rules(const delta::Snapshot& snapshot);
// A property that people give a table, or take away (no value). Errors: kUnsupported (it asks
// writers for what Tarn does not do), kInvalidArgument (Delta has none of this name, or not with
// such a value).
Status check_property(std::string_view key, std::string_view value);

// The first of these keys that a column, or a field in it, has in its metadata; empty: none.
std::string asked_of(const std::vector<delta::Field>& fields,
                     std::initializer_list<std::string_view> keys);
// Errors: kUnsupported: the table takes appends only.
Status check_rows_may_go(const delta::Snapshot& snapshot, std::string_view table);
int64_t integer_property(const delta::Snapshot& snapshot, std::string_view key, int64_t otherwise);
std::string json_object(const std::map<std::string, std::string>& values);
std::string json_list(const std::vector<std::string>& values);
// Errors: kCorrupted (no schema), kUnsupported (a type that Tarn's columns have not).
Result<TableInfo> describe_snapshot(std::string_view name, const delta::Snapshot& snapshot);
using delta::removal;

}  // namespace tarn::lake
