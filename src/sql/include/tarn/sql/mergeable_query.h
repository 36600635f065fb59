#pragma once

// An aggregate taken apart, so that its result can be kept up to date by merging ("reduce" of the
// design): what a batch of rows adds is a few state rows, and state rows of the same group merge
// into one. The state is plain columns: it can be stored as Parquet, and belongs to no version of
// DuckDB.
//
//   select day, country, count(*) as clicks, max(price) as dearest
//   from stream('silver.clicks') group by day, country
//
// With session(t, gap) among the groups the other groups are the session's key, and a session is a
// run of rows of one key whose neighbours in event time are at most `gap` apart:
//
//   select session(event_time, interval '30 seconds') as started_at, session_id, count(*) as pages,
//          arg_max(page, click) as exit_page
//   from stream('silver.clicks') group by 1, 2
//
// In the form kWindows one of the groups is tumble(t, size), and the state says when each window
// ends, as a session's says when its last event was.
//
// Each column of the SELECT is a group or one aggregate of count, sum, min, max, bool_and, bool_or,
// any_value, arg_min, arg_max (FILTER is allowed). Everything else is refused by name.
// Used by one thread.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {

using BatchPtr = std::shared_ptr<const codec::ColumnBatch>;

enum class MergeableForm {
    kGroups,   // or sessions; tumble() is a function as any other
    kWindows,  // groups by tumble(t, size)
};

class MergeableQuery {
  public:
    struct Session {
        std::string event_time_column;
        Duration gap;
    };
    struct Window {
        std::string event_time_column;
        Duration size;
    };
    struct Info {
        std::vector<std::string> input;         // columns of the stream that it reads
        std::vector<codec::ColumnSpec> output;  // in the order of the SELECT list
        std::vector<int> key;  // output columns that are groups, session() left out
        std::optional<Session> session;
        std::optional<Window> window;
        std::vector<codec::ColumnSpec> state;  // columns of a state row
        std::vector<int> state_key;            // those that are its key
        // Of a session's state row: BIGINT columns with its first and last event time, µs; of a
        // window's with its first and last microsecond.
        int first = -1, last = -1;
    };
    // Whether the SQL is an aggregate at all. Errors: kInvalidArgument (syntax).
    static Result<bool> is_aggregate(std::string_view sql);
    // Errors: kInvalidArgument (DuckDB's text), kUnsupported (names what).
    static Result<std::unique_ptr<MergeableQuery>> compile(Engine& engine, std::string_view sql,
                                                           const StreamSchema& stream,
                                                           MergeableForm form = {});
    ~MergeableQuery();
    const Info& info() const;

    // State rows of these rows of the stream, one a group; of sessions not yet merged.
    Result<BatchPtr> partial(const std::vector<BatchPtr>& rows);
    // One state row a group (or session) of all of these state rows.
    Result<BatchPtr> merge(const std::vector<BatchPtr>& states);
    // State rows as rows of the output, ordered by session end, then key.
    Result<BatchPtr> finish(const std::vector<BatchPtr>& states);
    // Whether an output row is a state row too, so that a result can be merged with what is new.
    // If not, the name of the column that is in the way.
    std::optional<std::string> not_mergeable_from_output() const;
    // Rows of the output as state rows.
    Result<BatchPtr> resume(const std::vector<BatchPtr>& output);

  private:
    struct Impl;
    explicit MergeableQuery(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::sql
