#pragma once

// Flows: sources → SQL → sinks, each arrow a position and a commit (protocol.h says how a flow
// works in epochs). The runtime derives the flows from a project, runs them on a few threads
// over decoded batches that flows of one topic share, and recovers them after any crash. One flow's
// failure never stops another.
//
// Flows of a project: for each topic with a table one flow "<topic>.table" (table and dead letter
// topic), for each live model one with the model's name (view and late topic), for each incremental
// model one with the model's name from its source table to its own.
//
// Owned by `cli`; public methods are thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/logger.h"
#include "tarn/base/memory.h"
#include "tarn/base/metrics.h"
#include "tarn/base/mutex.h"
#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/flow/change.h"
#include "tarn/flow/node.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"
#include "tarn/lake/lake.h"
#include "tarn/log/log.h"
#include "tarn/project/project.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/table_tail.h"
#include "tarn/view/view.h"

namespace tarn::flow {

enum class FlowState { kStarting, kRunning, kPaused, kRetrying, kFailed, kStopped, kRebuilding };
std::string_view to_string(FlowState state);

// Of a table as source: one, whose offsets are versions.
struct PartitionPosition {
    int32_t partition = 0;
    int64_t start_offset = 0;  // of the log when the flow's generation began
    int64_t next_offset = 0;   // everything below is committed in every sink
    int64_t high_watermark = 0;
    int32_t source = 0;  // which of the flow's
    // Of a flow by event time, as of its last batch.
    std::optional<Timestamp> event_time = {};  // the greatest so far; none: it had no event
    // Without an event for so long, of the time in which the source had any (protocol.h, idle).
    std::optional<Duration> still = {};
    bool idle = false;  // for so long that the watermark does not look at it
    bool holds_watermark =
        false;  // the watermark follows its event time, the least of those it looks at
};

// What of a flow's state is on the disk, for want of memory, after its last batch.
struct FlowMemory {
    int64_t windows = 0;  // that keep their rows there, and give results when they end
    int64_t sessions = 0, ids = 0;
    bool waits = false;  // now, until other flows' batches give back their memory
};

struct FlowStatus {
    std::string name, kind;  // kind: "table", "live" or "model"
    Node source;             // the first of them
    std::vector<Node> sources;
    std::string unit;            // what its positions count, of one: "record", "version"
    std::string file, strategy;  // of a model; strategy: "append", "sessions" or "insert_overwrite"
    std::vector<Node> sinks;
    FlowState state = FlowState::kStarting;
    std::string
        reason;  // why it is not running: the record or the sink that stopped it, and what to do
    std::string generation;  // hash of SQL and settings
    std::string sql;
    int64_t epoch = -1;  // last committed in every sink
    Duration every;
    std::vector<PartitionPosition> positions;
    std::optional<Timestamp> watermark;  // of flows by event time
    // Of the generation, exact across restarts. dead_letters: records that do not decode;
    // quarantined: rows that break a rule of the model; outside_window: of these, rows older than
    // the deduplication window.
    int64_t rows_in = 0, rows_out = 0, late = 0, dead_letters = 0, quarantined = 0, duplicates = 0,
            outside_window = 0;
    std::optional<Timestamp> last_commit;
    FlowMemory memory;
    std::string shortage;  // that in words, and what is short; empty: nothing
    // Record timestamp (the producer's intended send), or the commit of the source table → visible
    // in the sink, over about the last minute.
    std::optional<Duration> latency_p50, latency_p99;
    int64_t lag() const {
        int64_t n = 0;
        for (auto& p : positions)
            n += p.high_watermark - p.next_offset;
        return n;
    }
};

// Input of a run: offsets of a partition (of a table: versions, partition 0), `to` exclusive.
struct RunRange {
    int32_t partition = 0;
    int64_t from = 0, to = 0;
};

// One line of system.runs: an epoch (or several quiet ones together).
struct RunRecord {
    std::string flow;
    int64_t epoch = 0;
    Timestamp started;
    Duration elapsed, cpu;
    int64_t rows_in = 0, rows_out = 0, bytes_in = 0;
    std::string outcome;  // "committed", or the error
    std::vector<RunRange> ranges;
};

struct RuntimeOptions {
    std::string state_folder;  // <data>/state
    uint64_t start_number = 1;
    uint64_t decoded_cache_bytes = 128ull << 20;
    size_t max_epoch_bytes = 32ull << 20;  // of input; a flow behind works in epochs of this size
    size_t max_epoch_rows = 200'000;
    uint64_t journal_rewrite_bytes = 64 << 10;  // a flow's journal below this is never rewritten
    int64_t checkpoint_divisor = 1;             // above 1: checkpoints so many times as often
    // What the ids or the open sessions of one flow may take in memory; 0: a share of memory.limit.
    int64_t state_bytes = 0;
    size_t checkpoint_part_rows = 200'000;  // of sessions, in one file
    bool threads = true;                    // false: step() drives
    size_t workers = 16;                    // threads of all flows together
};

// The referenced objects outlive the runtime.
struct RuntimeContext {
    io::FileSystem& fs;
    Clock& clock;
    Random& random;
    io::Failpoints& failpoints;
    Metrics& metrics;
    Logger logger;
    std::shared_ptr<MemoryBudget> memory;
    log::Log& log;
    lake::Lake& lake;
    view::ViewStore& views;
    sql::Engine& engine;  // the flows' own instance, never shared with users' SQL
};

class Runtime {
  public:
    // Creates missing topics, tables and views, compiles the models, reads every flow's journal and recovers: replays
    // what rebuilds state, commits what is missing in a sink. Sets holds on the log. Errors name the model or topic.
    static Result<std::unique_ptr<Runtime>> open(const project::Project& project,
                                                 RuntimeOptions options, RuntimeContext context);
    ~Runtime();
    void start();
    // Ends after the epochs under way are committed, at most about a second.
    void stop();

    std::vector<FlowStatus> list() const;  // by name
    std::optional<FlowStatus> describe(std::string_view name) const;
    Status pause(std::string_view name);
    Status resume(std::string_view name);  // also retries a failed flow
    // Builds what the flow writes anew from its source, beside what stands, and puts it in its
    // place in one commit of each sink; then those of the flows that read it, in their order.
    // Meanwhile what stands is read as it is, and the flows take nothing new. Orders are durable: a
    // restart goes on with them. Gives the flows, in order. Errors: kNotFound, kFailedPrecondition
    // (one is under way; or records that were read are gone, without `from_retained`).
    Result<std::vector<std::string>> rebuild(std::string_view name, bool from_retained);
    std::vector<RunRecord> runs(size_t limit) const;  // newest first
    // What lies behind a topic's table in the log; null if it is none of a topic. May be read after
    // a reload; the log outlives it.
    std::shared_ptr<const sql::TableTail> tail(std::string_view table) const;

    // Ends all flows after their epochs under way and runs those of this project, as a restart of
    // the process would; one that is paused stays so. Where the project does not open, the flows of
    // before run again. One at a time. Errors: those of open(), kCancelled (a simulated crash).
    Status reload(const project::Project& project);
    // Whose flows run. Any thread, as all that follows.
    std::shared_ptr<const project::Project> project() const;
    // Says of what would be read again how fast the flow was in those of its epochs that are kept
    // and read most: what it takes at least.
    void add_speeds(std::vector<FlowChange>& changes) const;

    // threads == false: one epoch of each flow that has something to do. True if any had.
    Result<bool> step();

  private:
    struct Impl;
    struct Shared;
    Runtime(RuntimeOptions options, RuntimeContext context);
    std::shared_ptr<Impl> impl() const;
    Result<std::shared_ptr<Impl>> make(const project::Project& project);

    const RuntimeOptions options_;
    const RuntimeContext context_;
    const std::unique_ptr<Shared> shared_;  // what outlives a reload
    Mutex reloading_;                       // one at a time
    mutable Mutex mutex_;
    std::shared_ptr<Impl> impl_ TARN_GUARDED_BY(mutex_);
    bool started_ TARN_GUARDED_BY(mutex_) = false;
    bool ended_ TARN_GUARDED_BY(reloading_) = false;
};

// What the project means for the flows that stand, in the order in which they run, those that it
// has no longer last. Changes nothing. Errors: those of compiling the project.
Result<std::vector<FlowChange>> plan_changes(const project::Project& project,
                                             const RuntimeOptions& options, RuntimeContext context);
// While no runtime runs: orders the rebuilds that a plan asks for, which the next one carries out.
// Gives the flows. Errors: as of Runtime::rebuild().
Result<std::vector<std::string>> order_rebuilds(const project::Project& project,
                                                std::span<const std::string> names,
                                                bool from_retained, const RuntimeOptions& options,
                                                RuntimeContext context);
// Forgets a flow that the project has no longer: its journal and its holds. What it wrote stays.
// Errors: kNotFound, kFailedPrecondition (a flow of the project).
Status drop_flow(std::string_view name, const project::Project& project,
                 const RuntimeOptions& options, RuntimeContext context);
// What becomes of a table that is dropped: it can be brought back for a while (lake.keep_dropped),
// or its files go at once. A view always goes at once.
enum class Dropped { kKept, kPurged };
// Removes a table or view that no flow of the project writes or reads, with all that it holds.
// Whole, also after a crash. Errors: kNotFound, kFailedPrecondition (a flow uses it; says which).
Status drop_output(const Node& node, Dropped what, const project::Project& project,
                   const RuntimeOptions& options, RuntimeContext context);
// All that is wrong with the SQL of the project's models, each with file and line; of a model that
// reads a wrong one nothing. Nothing is made. Empty: it compiles.
std::vector<Error> check_models(const project::Project& project, const RuntimeOptions& options,
                                RuntimeContext context);

// What is wrong with the tables and columns that `maintain` names, with file and line. A table is
// one that a flow of the project writes or that the data folder has; where that has none yet, only
// a name that is nearly one of those is wrong. Empty also if the models do not compile.
std::vector<Error> check_care(const project::Project& project, const RuntimeOptions& options,
                              RuntimeContext context);

}  // namespace tarn::flow
