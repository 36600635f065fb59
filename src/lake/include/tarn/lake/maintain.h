#pragma once

// Care of tables: what changes their files and not their rows, and what brings back rows that were.
//
// One of these at a time runs on a table; writers go on meanwhile, and only a commit holds them up.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tarn/lake/lake.h"

namespace tarn::lake {

// delta.targetFileSize, where the table has none: bytes.
inline constexpr int64_t kTargetFileBytes = 128 << 20;
// A file of which more than this part is deleted is written anew.
inline constexpr double kMostDeleted = 0.05;
// Columns of a Z-order.
inline constexpr size_t kMostOrderColumns = 7;

// What the row groups of a file must have, on average, to stay as they are when the file becomes
// part of a larger one: so many rows, or so many bytes for each column where rows are long, and in
// any case so many bytes, or the footer would be a large part of the file. Readers pay for each row
// group by itself: groups of 20,000 rows cost DuckDB's scan of everything 5 to 10 % more than full
// ones, groups of 5,000 rows about 20 %; a filter leaves more out.
struct CopyLimits {
    int64_t group_rows = 16'384;
    uint64_t chunk_bytes = 64 << 10, group_bytes = 64 << 10;
};

// OPTIMIZE: small files become large ones, in the order in which they came, and rows that deletion
// vectors hide go for good. The rows stay what they are, for readers of changes too. Where they
// need not be read, row groups are copied.
struct OptimizeRequest {
    std::string table;
    std::string where;                  // SQL over partition columns: these partitions; empty: all
    std::vector<std::string> order_by;  // Z-order: all files of the partitions, by these columns
    bool full = false;                  // a table that is clustered: all files
    int64_t target_bytes = 0;           // of a file; 0: as the table says, else kTargetFileBytes
    int min_files = 2;                  // that become one, unless deleted rows are the reason
    CopyLimits copies = {};
    // Nothing is written; the outcome is which files would go and how many would come, of a size
    // that only writing shows.
    bool dry_run = false;
    // Asked before each file is written; false ends the work, and what is done stays.
    std::function<bool()> go_on = {};
};
struct OptimizeOutcome {
    int64_t version = -1;  // of the table, afterwards
    int commits = 0;
    uint64_t files_removed = 0, bytes_removed = 0, files_added = 0, bytes_added = 0;
    uint64_t vectors_removed = 0;  // deletion vectors that are no longer needed
    uint64_t carried_rows = 0;     // deleted by others while their file was written anew
    uint64_t yielded = 0;  // files written for nothing: others changed what they were made of
};

// VACUUM: files that no version within the retention refers to go from the disk. Never the log,
// hidden files, files outside of the table, or what flows hold or other tables of the lake (shallow
// clones) refer to. Between VACUUM START and VACUUM END in the log, if any file goes.
struct VacuumRequest {
    std::string table;
    std::optional<Duration> retain;  // absent: delta.deletedFileRetentionDuration, or 7 days
    bool force = false;              // also less than that
    // The log alone says what goes: quicker, and files that no commit ever named stay.
    bool lite = false;
    bool dry_run = false;
};
struct VacuumOutcome {
    int64_t version = -1;
    uint64_t files = 0, bytes = 0;   // removed, or that would be
    std::vector<std::string> paths;  // relative to the table, sorted; at most kMostPaths
    static constexpr size_t kMostPaths = 1000;
};

// One of both, neither: the newest.
struct TableVersion {
    std::optional<int64_t> version;
    std::optional<Timestamp> time;  // the newest version that is not younger
};

// RESTORE: files, schema and properties are again those of an older version, in a new one. Neither
// the protocol nor transactions of writers go back.
struct RestoreRequest {
    std::string table;
    TableVersion to;
    bool ignore_missing = false;  // goes without files that are gone
};
struct RestoreOutcome {
    int64_t version = -1, restored = -1;
    bool committed = false;  // not if the table is that already
    uint64_t files_removed = 0, files_restored = 0, files_missing = 0;
};

// CLONE: another table with the rows of this one. A shallow one refers to its files, and a vacuum
// of either leaves those that the other needs; a deep one has copies.
struct CloneRequest {
    std::string source, target;  // schema.table; the target is new
    TableVersion of;
    bool deep = false;
};
// Of which table another one was made as a clone.
struct CloneOf {
    std::string source;           // schema.table, or a folder; empty: not known any more
    int64_t source_version = -1;  // -1: not known any more
    Timestamp made;
    bool shallow = false;
};
struct CloneOutcome {
    int64_t version = -1, source_version = -1;
    uint64_t files = 0, bytes = 0;
};

// What looking at all of a table has shown.
struct ValidateOutcome {
    int64_t version = -1;
    uint64_t commits = 0, checkpoints = 0;  // in the log
    uint64_t files = 0, bytes = 0, vectors = 0;
    int64_t rows = 0;
    struct Problem {
        std::string where, what;  // a path; whole words
    };
    std::vector<Problem> problems;  // at most kMostProblems
    static constexpr size_t kMostProblems = 100;
};

// FSCK REPAIR TABLE: files that are gone, and those of whose rows it is not known any more which
// are deleted, are taken out of the log in one commit; what of the log cannot be read is moved
// aside within it: commits at its end, checkpoints, checksums, _last_checkpoint; and a checkpoint
// is written where one has gone. What validate finds inside of files that are there is said, and
// stays.
struct RepairRequest {
    std::string table;
    bool dry_run = false;  // what would be done, and nothing is
};
struct RepairOutcome {
    int64_t version = -1;
    bool committed = false;
    uint64_t found = 0;                            // what is mended, or would be
    uint64_t files_removed = 0, rows_removed = 0;  // out of the log; rows as far as they are known
    struct Repair {
        std::string where, what, done;
    };
    std::vector<Repair> repairs;                 // at most kMostRepairs
    std::vector<ValidateOutcome::Problem> left;  // what cannot be mended so; at most as many
    static constexpr size_t kMostRepairs = 1000;
};

}  // namespace tarn::lake
