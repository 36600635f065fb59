#pragma once

// A table's rows as they were added, read once for all flows that follow it. A slice is one file of
// one version; all are of one partition. Slices are cached, bounded in bytes, until every flow of
// the table has passed them. Thread-safe; a flow that asks for what another is reading waits for
// it.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tarn/base/mutex.h"
#include "tarn/lake/lake.h"
#include "tarn/sql/engine.h"
#include "topic_reader.h"

namespace tarn::flow {

// Positions: files of version `at` below file `within` are read, and all versions before it.
class TableReader {
  public:
    TableReader(std::string table, lake::Lake& lake, sql::Engine& engine, CacheBudget& cache)
        : table_(std::move(table)), lake_(lake), engine_(engine), cache_(cache) {}
    const std::string& table() const { return table_; }

    // Columns that some flow reads; before the first read().
    void need(const std::vector<std::string>& columns);
    Result<std::shared_ptr<const lake::AddedFiles>> added(int64_t version);
    // Errors: kNotFound (no such file in that version), those of Lake::added and Lake::read.
    Result<InputBatchPtr> read(Position at);

    int add_consumer();
    void remove_consumer(int consumer);
    void passed(int consumer, Position at);

  private:
    struct Cached {
        InputBatchPtr slice;
        MemoryReservation reservation;
    };
    Result<std::shared_ptr<const lake::AddedFiles>> added_locked(int64_t version)
        TARN_REQUIRES(mutex_);
    void keep(const InputBatchPtr& slice) TARN_REQUIRES(mutex_);

    const std::string table_;
    lake::Lake& lake_;
    sql::Engine& engine_;
    CacheBudget& cache_;
    Mutex mutex_;
    std::set<std::string> columns_ TARN_GUARDED_BY(mutex_);
    std::unique_ptr<sql::Session> session_ TARN_GUARDED_BY(mutex_);
    std::map<Position, Cached> slices_ TARN_GUARDED_BY(mutex_);
    std::map<int64_t, std::shared_ptr<const lake::AddedFiles>> added_ TARN_GUARDED_BY(mutex_);
    std::map<int, Position> passed_ TARN_GUARDED_BY(mutex_);
    int last_consumer_ TARN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tarn::flow
