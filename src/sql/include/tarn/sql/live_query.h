#pragma once

// A streaming aggregate: one SELECT … FROM stream('topic') [WHERE …] GROUP BY … with a window, compiled once by
// DuckDB's binder and kept alive as one aggregate hash table for each window pane ("fold" of the design). The same
// aggregates as in batch SQL, count(DISTINCT x) and FILTER included.
//
//   select tumble(event_time, interval '5 seconds') as window_start, page, count(*) as views,
//          count(distinct user_id) as users
//   from stream('clicks') group by grouping sets ((window_start), (window_start, page))
//
// tumble(t, size) is the start of the window that holds t: floor((t − epoch) / size) · size. Exactly one group
// expression must be a tumble, and it must be in every grouping set. Refused by name when compiled: no window,
// ORDER BY, LIMIT, HAVING, joins, window functions, volatile functions, aggregates whose result depends on row order.
//
// Every group expression must be in the SELECT list: the rows that come out are upserts by key.
//
// Lateness: a row that WHERE lets through is late if its window's end + grace ≤ watermark, or if it has no event time;
// then it is counted nowhere. Used by one thread.

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {

struct StreamSchema {
    std::string name;  // as in stream('name')
    std::vector<codec::ColumnSpec> columns;
};

// A row that is in no window, since an expression refuses a value of it.
struct RefusedRow {
    uint32_t row = 0;
    std::string why;
};

// What is taken beside changes: the results of stored windows that end by the watermark, whose
// groups are made in parts of about so many bytes. `keep`: it is not known whether anybody takes
// notice, so the changes are taken again the next time.
struct TakeOptions {
    Timestamp watermark = {std::numeric_limits<int64_t>::min()};
    int64_t memory_bytes = 0;
    bool keep = false;
};

class LiveQuery {
  public:
    struct Info {
        std::string stream;
        std::string event_time_column;  // the argument of tumble(): a column of the stream
        Duration window_size;
        std::vector<codec::ColumnSpec> input;   // columns of the stream that the query reads
        std::vector<codec::ColumnSpec> output;  // in the order of the SELECT list
        std::vector<int> key;                   // output columns that are group expressions
        int window_start = -1;                  // output column of the tumble
        // With several grouping sets there is one more output column at the end, "grouping_set" INTEGER: the set's
        // position, part of the key, since a NULL key value may be data or an absent column.
    };
    // The session stays the query's own. Errors: kInvalidArgument (DuckDB's text), kUnsupported (names what).
    static Result<std::unique_ptr<LiveQuery>> compile(std::unique_ptr<Session> session,
                                                      std::string_view sql,
                                                      std::span<const StreamSchema> streams,
                                                      Duration grace);
    ~LiveQuery();
    const Info& info() const;

    // From now on a window that begins keeps its rows, which may spill to the disk, instead of its
    // groups, and gives its results once, by take_changes(); `false`: no longer. Windows that are
    // open stay as they are.
    void store_windows(bool stored);
    // Makes groups of the rows of stored windows again, oldest first, as far as they need no more
    // than so many bytes; their results are changes then. Errors: as of add().
    Status open_stored_windows(int64_t memory_bytes);
    size_t stored_windows() const;

    // Rows behind those of the one before, up to this one, and the watermark that judges them.
    struct RowsJudged {
        size_t to_row = 0;
        Timestamp watermark;
    };
    // Adds rows (columns found by name; the batch may have more). All are judged. Indexes of late
    // rows are appended to `late`, rows with a value that an expression refuses to `refused`, found
    // by halves (without it they are an error). After an error (out of memory) part of the rows may
    // be in: compile anew and replay.
    Status add(const codec::ColumnBatch& rows, std::span<const RowsJudged> judged,
               std::vector<uint32_t>& late, std::vector<RefusedRow>* refused = nullptr);
    Status add(const codec::ColumnBatch& rows, Timestamp watermark, std::vector<uint32_t>& late,
               std::vector<RefusedRow>* refused = nullptr) {
        const RowsJudged all{SIZE_MAX, watermark};
        return add(rows, {&all, 1}, late, refused);
    }
    // Current values of the groups touched since the last call, as upserts by key, in a fixed
    // order. A group whose result does not fit its column (a sum past BIGINT) is left out, and why
    // appended to `refused` (without it, an error). With them all groups of the stored windows that
    // end.
    Result<std::shared_ptr<const codec::ColumnBatch>> take_changes(
        std::vector<std::string>* refused = nullptr, const TakeOptions& options = {});
    // Forgets the panes whose end + grace ≤ watermark. Their last values have been in take_changes before.
    Status close_panes(Timestamp watermark);

    // Start of the oldest open pane, INT64_MAX if none: input since the epoch that opened it must be held.
    Timestamp oldest_open_pane() const;
    size_t open_panes() const;
    size_t groups() const;
    size_t memory_bytes() const;

  private:
    struct Impl;
    explicit LiveQuery(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::sql
