#pragma once

// Where a flow writes: a sink takes what an epoch gives and the epoch's number in one atomic commit
// of its own, and says on start at which epoch it stands. The loop in flow.cpp alone compares that
// with the journal. Used by the flow's thread.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "identity.h"
#include "input.h"
#include "outputs.h"
#include "tarn/flow/change.h"
#include "tarn/flow/node.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// What an epoch gives to one sink.
struct Changes {
    std::vector<BatchPtr> rows = {};  // of tables and views
    // Version of the table that `rows` were made from: it must be the newest still. Without a key
    // the partitions of `rows` are replaced.
    int64_t replace_at = -1;
    // Of tables with a key: rows of these keys go. `rows` take the place of those of their keys;
    // each key stands once in both together.
    std::vector<BatchPtr> gone = {};
    std::optional<Timestamp> remove_before = {};  // rows of a view with older windows go
    std::optional<SideRecords> records = {};      // of topics: original records with our headers
};

// The newest epoch of a flow that a sink holds, −1 for none.
struct SinkEpoch {
    int64_t epoch = -1;
    bool every = true;  // false: epochs that gave it nothing have left no trace
};

// What a step may read back of what its sink holds, for sinks that can give it.
class Readable {
  public:
    virtual ~Readable() = default;
    // These columns of all rows of the partitions that `like` falls in (of all, without
    // partitions), and the version at which they stand.
    virtual Result<lake::PartitionRows> read_like(sql::Session& session,
                                                  const std::vector<BatchPtr>& like,
                                                  std::span<const std::string> columns) = 0;
    // The same of all rows that have the keys of `like`, one batch or more: its columns at `key`.
    virtual Result<lake::PartitionRows> read_keys(sql::Session& session,
                                                  const std::vector<BatchPtr>& like,
                                                  std::span<const int> key,
                                                  std::span<const std::string> columns) = 0;
    // Gives all its rows, behind FROM in the SQL of the flows' engine.
    virtual std::string relation() const = 0;
};

class Sink {
  public:
    virtual ~Sink() = default;
    virtual Node node() const = 0;
    // Creates it if it is not there. `fresh`: the flow has no journal, so no rows may stand there.
    // Errors: kFailedPrecondition (they do; says what to do), those of the store.
    virtual Status open(bool fresh) = 0;
    virtual Result<SinkEpoch> epoch() = 0;
    // In what the table or view that stands is not as the flow writes it; empty if it is, or if
    // none is there. Changes nothing; also before open().
    virtual Result<std::vector<Change>> differences() { return std::vector<Change>(); }
    // Durable when it returns. An epoch that it has is ignored, so that a repeat after an error or
    // a crash does no harm. Errors: kUnavailable, kResourceExhausted, kIo (the loop tries again),
    // others stop the flow.
    virtual Status commit(const EpochPlan& plan, const Changes& changes) = 0;
    // Null for those that cannot.
    virtual Readable* readable() { return nullptr; }
};

// What a flow asks of a sink; what a kind has no use for stays empty.
struct SinkSpec {
    Node node;
    std::string port = "rows";  // part of a topic's writer id, and of the names of failpoints
    std::string description = {};
    std::vector<codec::ColumnSpec> columns = {};
    std::vector<int> key = {};  // of a view, or of a table that is kept by one, in the columns
    bool keyed = false;         // a table that has one row a key, or one row if the key is empty
    // Of a keyed table: a row takes another's place only where it is greater in this column.
    std::optional<int> version = {};
    std::vector<std::string> partition_by = {};
    bool transaction_of_parts = false;  // of a table: also one of each input partition
    // Of a topic: a file of records that it holds already, which are left out (side_known.h);
    // empty: none.
    std::string known = {};
};

// Of a sink that has rows of a flow whose journal is not there.
Error journal_gone(const Node& sink, const FlowIdentity& flow);

}  // namespace tarn::flow
