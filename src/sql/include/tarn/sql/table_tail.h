#pragma once

// What lies behind a table's newest version: rows of a log that its flow has not committed yet.
// SQL reads the version's files and its tail as one table (EngineOptions::tails). The version says
// where its tail begins, so whatever is committed meanwhile is read once.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"

namespace tarn::sql {

// Offsets of one partition of a log: from inclusive, to exclusive.
struct TailRange {
    Uuid topic;
    int32_t partition = 0;
    int64_t from = 0, to = 0;
    // What lies from here on is not asked for, though some of it may come. It need not be where a
    // record batch ends, as `to` is.
    int64_t until = INT64_MAX;
};

// A version of a table.
struct TailVersion {
    int64_t version = 0;
    bool has_rows = false;
    bool forgets = false;                                         // txns go after a while
    std::function<int64_t(std::string_view app_id)> transaction;  // of its txns; −1: none
};

// The rows of a range, piece by piece. Used by one thread.
class TailRows {
  public:
    virtual ~TailRows() = default;
    // The next piece, in the order of the log, at most some megabytes as stored; it may have no
    // rows. Null when the range is through. Errors: those of reading and decoding the log.
    virtual Result<std::shared_ptr<const codec::ColumnBatch>> next() = 0;
};

// Thread-safe.
class TableTail {
  public:
    virtual ~TableTail() = default;
    // The columns that the flow writes, in the form in which it writes them.
    virtual const std::vector<codec::ColumnSpec>& schema() const = 0;
    // Where the tail of this version begins in each partition; `to` is `from` as yet. An error says
    // why it cannot be told: there is no tail then.
    virtual Result<std::vector<TailRange>> behind(const TailVersion& version) const = 0;
    // Sets the ends of ranges, those of other tails of the same provider too, to what is durable at
    // one moment, and gives that moment by the clock.
    virtual Timestamp end(std::span<TailRange* const> ranges) const = 0;
    // Rows as the flow would write them at that moment; their batch is not known yet (NULL).
    virtual Result<std::unique_ptr<TailRows>> read(const TailRange& range, Timestamp at) const = 0;
};

}  // namespace tarn::sql
