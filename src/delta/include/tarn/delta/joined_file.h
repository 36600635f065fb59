#pragma once

// One data file of the row groups of several, copied as they are: no row is decoded. The rows and
// their order stay, and so do their statistics, which the log has of each file.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/parquet_footer.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/file_stats.h"
#include "tarn/delta/snapshot.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

// Statistics of a file that has the rows of several, from theirs. Of one version of a table.
class StatisticsMerge {
  public:
    explicit StatisticsMerge(const Snapshot& table);
    // What a file's statistics say, if that is all that counting its rows would say; of bounds of
    // floating point numbers that others than `created_by` wrote it is not known whether there is
    // a NaN.
    std::optional<LeafCountsByPath> read(const AddFile& file, std::string_view created_by) const;
    // Of the rows of both.
    void add(LeafCountsByPath& to, const LeafCountsByPath& more) const;

  private:
    struct Leaf {
        std::string path;  // physical names, joined with '\0'
        DataType type;
    };
    std::vector<Leaf> leaves_;  // that the table's properties ask for
    bool has_floats_ = false;
};

// A file whose row groups can be copied.
struct CopySource {
    std::shared_ptr<const AddFile> file;
    std::string path;  // on disk
    codec::ParquetFooter footer;
    LeafCountsByPath counts;
};

// Nothing if the file's rows have to be read: some are deleted, its columns are not those that the
// table's files have today, or it is of a form that is not copied (tarn/codec/parquet_footer.h). Of
// a file that is looked at the footer holds against size and rows in the log, and page by page
// everything adds up to what the footer says; checksums of pages are compared where there are any.
// What stands in the pages is not looked at. Errors: kCorrupted (the file is not what the log or
// its own checksums say), kIo.
Result<std::optional<CopySource>> copy_source(io::FileSystem& fs, const Snapshot& table,
                                              const StatisticsMerge& statistics,
                                              std::shared_ptr<const AddFile> file);

// Whether this is how our own writer has the table's columns, so that rows that it writes can stand
// beside those of such a file.
bool is_own_form(const CopySource& source);

// Makes `path`, on disk, of sources that all have the same form, at least one; it is synced, its
// folder is not. On an error it is removed. Gives size, records, statistics, partition values and
// path. Reads and writes about a MiB at a time. Errors: kIo, kResourceExhausted, kAlreadyExists.
Result<AddFile> join_files(io::FileSystem& fs, const Snapshot& table,
                           const StatisticsMerge& statistics, std::span<const CopySource> sources,
                           const std::string& path);

}  // namespace tarn::delta
