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
#include "tarn/flow/node.h"
#include "tarn/flow/runtime.h"

namespace tarn::flow {

// What an epoch gives to one sink.
struct Changes {
    std::vector<BatchPtr> rows = {};  // of tables and views
    int64_t replace_at = -1;  // version of the table in which the partitions of `rows` are replaced
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
    // Durable when it returns. An epoch that it has is ignored, so that a repeat after an error or
    // a crash does no harm. Errors: kUnavailable, kResourceExhausted, kIo (the loop tries again),
    // others stop the flow.
    virtual Status commit(const EpochPlan& plan, const Changes& changes) = 0;
    // Null for those that cannot.
    virtual Readable* readable() { return nullptr; }
};

struct TableSinkOptions {
    std::string table, description;
    std::vector<codec::ColumnSpec> columns;
    std::vector<std::string> partition_by = {};
    std::string port = "rows";  // in the names of failpoints
    bool transaction_of_parts =
        false;  // beside the flow's, one transaction of each input partition
};
// The referenced objects outlive the sinks.
std::unique_ptr<Sink> make_table_sink(FlowIdentity flow, TableSinkOptions options,
                                      RuntimeContext& world);
// A topic of the flow's own. `port` is part of the log's writer id.
std::unique_ptr<Sink> make_topic_sink(FlowIdentity flow, log::TopicInfo topic, std::string port,
                                      const RuntimeOptions& options, RuntimeContext& world);
// `spec` without the generation.
std::unique_ptr<Sink> make_view_sink(FlowIdentity flow, view::ViewSpec spec, RuntimeContext& world);

// Of a sink that has rows of a flow whose journal is not there.
Error journal_gone(const Node& sink, const FlowIdentity& flow);

}  // namespace tarn::flow
