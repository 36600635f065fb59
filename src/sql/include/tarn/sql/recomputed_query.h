#pragma once

// An aggregate of any kind over a table that changes: which of its groups some rows fall in, and
// what these groups are in a whole table ("recompute" of the design). Its SQL is one SELECT with
// GROUP BY (or aggregates alone: one group) over stream('name'); each group stands in the SELECT
// list. Used by one thread.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/codec/column_batch.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {

class RecomputedQuery {
  public:
    using BatchPtr = std::shared_ptr<const codec::ColumnBatch>;
    struct Info {
        std::vector<std::string> input;         // columns of the stream that it reads
        std::vector<codec::ColumnSpec> output;  // in the order of the SELECT list
        std::vector<int> key;                   // output columns that are groups
    };
    // `partition_by`: columns in which an empty text is NULL. Errors: kInvalidArgument (DuckDB's
    // text), kUnsupported (names what).
    static Result<std::unique_ptr<RecomputedQuery>> compile(
        Engine& engine, std::string_view sql, const StreamSchema& stream,
        std::span<const std::string> partition_by);
    ~RecomputedQuery();
    const Info& info() const;

    // The groups that these rows of the stream fall in: the key's columns, a row each.
    Result<BatchPtr> groups_of(const std::vector<BatchPtr>& rows);

    struct Groups {
        std::vector<BatchPtr> rows;  // of the output; those that are there
        std::vector<BatchPtr> gone;  // keys of those that are not
    };
    // These groups (groups_of(), also the same several times) in the rows of `from`, which stands
    // in FROM of the session's SQL and has the columns of the input.
    Result<Groups> groups(Session& session, const std::string& from,
                          const std::vector<BatchPtr>& keys);
    // All groups.
    Result<Groups> all(Session& session, const std::string& from);

  private:
    struct Impl;
    explicit RecomputedQuery(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::sql
