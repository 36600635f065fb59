#pragma once

// A table's rows as they were added, or as they changed, read once for all flows that follow it so.
// A slice is one file of one version; all are of one partition. Slices are cached, bounded in
// bytes, until every flow of the table has passed them. Thread-safe; a flow that asks for what
// another is reading waits for it.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/lake/table_changes.h"
#include "tarn/sql/engine.h"
#include "topic_reader.h"

namespace tarn::flow {

// Positions: files of version `at` below file `within` are read, and all versions before it. Of
// changes, `within` counts from kAllThatStands where it is the whole table as of `at` that is read.
class TableReader {
  public:
    using Files = std::shared_ptr<const lake::TableChanges>;
    TableReader(std::string table, bool changes, lake::Lake& lake, sql::Engine& engine,
                CacheBudget& cache)
        : table_(std::move(table)),
          changes_(changes),
          lake_(lake),
          engine_(engine),
          cache_(cache) {}
    // Which of the files a position is before.
    static size_t index(Position at);
    const std::string& table() const { return table_; }

    // Columns that some flow reads; before the first read().
    void need(const std::vector<std::string>& columns);
    // Of the position's version, or of the whole table.
    Result<Files> files(Position at);
    // Errors: kNotFound (no such file in that version), those of files() and of reading.
    Result<InputBatchPtr> read(Position at);

    int add_consumer();
    void remove_consumer(int consumer);
    void passed(int consumer, Position at);

  private:
    struct Cached {
        InputBatchPtr slice;
        MemoryReservation reservation;
    };
    Result<Files> files_locked(Position at) TARN_REQUIRES(mutex_);
    Status read_rows(const lake::TableChanges& files, size_t file, InputBatch& slice)
        TARN_REQUIRES(mutex_);
    void keep(const InputBatchPtr& slice) TARN_REQUIRES(mutex_);

    const std::string table_;
    const bool changes_;
    lake::Lake& lake_;
    sql::Engine& engine_;
    CacheBudget& cache_;
    Mutex mutex_;
    std::set<std::string> columns_ TARN_GUARDED_BY(mutex_);
    std::unique_ptr<sql::Session> session_ TARN_GUARDED_BY(mutex_);
    std::map<Position, Cached> slices_ TARN_GUARDED_BY(mutex_);
    std::map<Position, Files> files_ TARN_GUARDED_BY(mutex_);  // by the first of them
    std::map<int, Position> passed_ TARN_GUARDED_BY(mutex_);
    int last_consumer_ TARN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tarn::flow
